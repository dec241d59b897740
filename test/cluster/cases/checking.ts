import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { VAULT, VAULT_LOGIN, VAULT_NEXT, type CommandWorld } from '../command-world.ts'
import { GOOD } from '../images.ts'
import { deployment, nodeOf, pod, pullSecret } from '../objects.ts'
import { readerOf } from '../reader.ts'
import { mustRun } from '../release.ts'

/** Credential causes only warn in a Namespace younger than five minutes. */
const GROWN_UP_MS = 600_000

interface Report {
  results: {
    object: { namespace: string }
    images: { action: string; cause: string | null; message: string; advice: string }[]
  }[]
  summary: Record<'images' | 'allow' | 'warn' | 'deny', number>
  problems: object[]
}

/** `pullgate check --cluster`, by one who may do what docs/audit.md says of it. */
export async function checking(t: Test, world: CommandWorld): Promise<void> {
  const { plane, directory } = world
  const good = pullSecret('acme', VAULT_LOGIN)
  const stale = pullSecret('acme', { ...VAULT_LOGIN, password: 'changed-since' })
  await world.namespace('right', [good])
  await world.namespace('wrong', [stale])
  await world.namespace('without')
  const kubeconfig = await readerOf(plane, 'pullgate-check', 'right')
  const shape = { image: VAULT_NEXT, secret: 'acme' }
  const file = join(directory, 'ledger.json')
  await writeFile(file, JSON.stringify(deployment('ledger', shape)))
  const check = async (t: Test, args: readonly string[], files = ['ledger.json']) => {
    const { now } = Date
    t.capture(Date, 'now', () => now() + GROWN_UP_MS)
    const all = ['check', '--kubeconfig', kubeconfig, ...args, '-o', 'json', ...files]
    const { code, stdout, stderr } = await world.pullgate(all)
    t.equal(stderr, '')
    t.notMatch(stdout, 'changed-since')
    const { results, summary, problems } = JSON.parse(stdout) as Report
    t.strictSame(problems, [])
    return { code, results, summary }
  }

  await t.test('the secret of the cluster opens the registry', async (t) => {
    const { code, results } = await check(t, [])

    t.equal(code, 0)
    const object = { namespace: 'right', name: 'ledger' }
    t.match(results, [{ object, images: [{ action: 'allow', cause: null }] }])
  })

  await t.test('a password that was changed', async (t) => {
    const { code, results } = await check(t, ['-n', 'wrong'])

    t.equal(code, 1)
    const message = `${VAULT} answered 401 to the credentials in secret wrong/acme (key "${VAULT}").`
    const advice = /Renew it: kubectl -n wrong create secret docker-registry acme/
    const images = [{ action: 'deny', cause: 'CredentialsRejected', message, advice }]
    t.match(results, [{ object: { namespace: 'wrong' }, images }])
  })

  await t.test('a secret that the Namespace lacks, and where it is', async (t) => {
    const { code, results } = await check(t, ['-n', 'without'])

    t.equal(code, 0, 'of a template: the secret may come later')
    const message =
      /Pull secret without\/acme does not exist.* A Secret acme exists in namespace .*right/
    const images = [{ action: 'warn', cause: 'CredentialsRequired', message }]
    t.match(results, [{ object: { namespace: 'without' }, images }])
  })

  await t.test('a secret among the files wins over that of the cluster', async (t) => {
    await writeFile(join(directory, 'renewed.json'), JSON.stringify(good))
    const files = ['ledger.json', 'renewed.json']

    const { code, results } = await check(t, ['-n', 'wrong'], files)

    t.equal(code, 0)
    t.match(results, [{ images: [{ action: 'allow' }] }])
  })

  await t.test('the context names the cluster and the namespace', async (t) => {
    const other = {
      'current-context': 'gone',
      contexts: [
        { name: 'gone', context: { cluster: 'gone', user: 'a', namespace: 'right' } },
        { name: 'there', context: { cluster: 'test', user: 'a', namespace: 'wrong' } },
      ],
    }
    const path = await withContexts(world, kubeconfig, other)
    const args = ['--kubeconfig', path, '--context', 'there', '-o', 'json', 'ledger.json']
    const { code, stdout } = await world.pullgate(['check', ...args])

    t.equal(code, 0)
    const images = [{ action: 'warn', cause: 'CredentialsRejected' }]
    t.match(JSON.parse(stdout), { results: [{ object: { namespace: 'wrong' }, images }] })
    const none = await world.pullgate(['check', ...args.with(3, 'nowhere')])
    t.equal(none.code, 2)
    t.match(none.stderr, /the kubeconfig has no context "nowhere"/)
  })

  await t.test('the nodes of the cluster count', async (t) => {
    await writeFile(join(directory, 'odd.json'), JSON.stringify(onMainframe(GOOD)))
    await mustRun(plane, ['create', '-f', '-'], [nodeOf('big-1', 's390x')])
    t.teardown(() => mustRun(plane, ['delete', 'node', 'big-1']))

    const { code, results } = await check(t, [], ['odd.json'])

    t.equal(code, 1)
    t.match(results, [{ images: [{ action: 'deny', cause: 'PlatformMismatch' }] }])
  })

  await t.test('the rights that are told are enough', async (t) => {
    const admin = await adminOf(world)
    const files = ['ledger.json', 'odd.json']
    for (const namespace of ['right', 'wrong', 'without']) {
      const mine = await check(t, ['-n', namespace], files)
      const theirs = await check(t, ['-n', namespace, '--kubeconfig', admin], files)
      t.strictSame(mine, theirs, namespace)
    }
  })
}

function onMainframe(image: string): object {
  const spec = { nodeSelector: { 'kubernetes.io/arch': 's390x' } }
  const made = pod('odd', { image }) as { spec: object }
  return { ...made, spec: { ...made.spec, ...spec } }
}

async function withContexts(
  { plane }: CommandWorld,
  kubeconfig: string,
  changes: object,
): Promise<string> {
  const { stdout } = await plane.kubectl(['config', 'view', '--raw', '-o', 'json'], {
    kubeconfig,
  })
  const config = JSON.parse(stdout) as {
    clusters: object[]
    users: { user: object }[]
  }
  const gone = { name: 'gone', cluster: { server: 'https://127.0.0.1:1' } }
  const users = config.users.map(({ user }) => ({ name: 'a', user }))
  const clusters = [...config.clusters, gone]
  const path = `${kubeconfig}.contexts`
  await writeFile(path, JSON.stringify({ ...config, clusters, users, ...changes }))
  return path
}

async function adminOf({ plane }: CommandWorld): Promise<string> {
  const { stdout } = await mustRun(plane, ['config', 'view', '--raw', '-o', 'json'])
  const { users } = JSON.parse(stdout) as { users: { user: { token: string } }[] }
  return plane.writeKubeconfig('all-rights', users[0]?.user.token ?? '')
}

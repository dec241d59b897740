import type { Test } from 'tap'
import type { Explanation } from '../../../src/audit/explain/explanation.ts'
import { VAULT, VAULT_IMAGE, VAULT_LOGIN, type CommandWorld } from '../command-world.ts'
import { GOOD, TYPO } from '../images.ts'
import { deployment, otherWorkloads, pod, pullSecret } from '../objects.ts'
import { tellStatus } from '../pulling.ts'
import { readerOf } from '../reader.ts'
import { mustRun } from '../release.ts'

const R = 'failed to pull and unpack image: failed to resolve image: '
const notFound = (image: string) =>
  `rpc error: code = NotFound desc = ${R}${image}: not found`
const REFUSED = `${R}unexpected status from HEAD request to https://${VAULT}/v2/team/ledger/manifests/3.0: 401 Unauthorized`
const NO_CREDENTIALS = `${R}pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`
const TIMED_OUT = `${R}failed to do request: Head "https://registry.acme.test/v2/": dial tcp 10.0.0.1:443: i/o timeout`

const NODE = 'node-1'
const FIRST_SEEN = '2026-11-20T10:00:05Z'
const stale = pullSecret('acme', { ...VAULT_LOGIN, password: 'changed-since' })

/** `pullgate explain`, by one who may do what docs/audit.md says of it. */
export async function explaining(t: Test, world: CommandWorld): Promise<void> {
  const { plane } = world
  const kubeconfig = await readerOf(plane, 'pullgate-audit', 'explained')
  await world.namespace('explained')
  const create = (objects: readonly object[]) =>
    mustRun(plane, ['create', '-n', 'explained', '-f', '-'], objects)
  const tell = (name: string, ...told: Parameters<typeof tellStatus>[3]) =>
    tellStatus(plane, 'explained', name, told)
  const explain = (...args: string[]) =>
    world.pullgate(['explain', '--kubeconfig', kubeconfig, ...args])
  const json = async (t: Test, ...args: string[]) => {
    const { code, stdout, stderr } = await explain(...args, '-o', 'json')
    t.equal(stderr, '')
    const explanation = JSON.parse(stdout) as Explanation
    t.strictSame(explanation.notes, [], 'everything could be read')
    return { code, ...explanation }
  }

  await t.test('a Pod with a mistyped tag', async (t) => {
    await create([pod('typo', { image: TYPO, nodeName: NODE })])
    await tell('typo', { container: 'app', image: TYPO, error: notFound(TYPO) })

    const { code, pod: seen, images } = await json(t, 'pod/typo')

    t.equal(code, 1)
    t.match(seen, { namespace: 'explained', name: 'typo', node: NODE, phase: 'Pending' })
    const kubelet = { class: 'not-found', since: FIRST_SEEN, failures: 7, agrees: true }
    t.match(images, [{ state: 'failing', cause: 'ImageNotFound', kubelet }])
    t.strictSame(problems(images), [['existence', 'kubelet']])
    const { stdout } = await explain('typo')
    t.match(stdout, /^Pod explained\/typo\nPending, on node node-1\n/)
    t.match(stdout, /PROBLEM +existence +\[ImageNotFound\] /)
    t.match(stdout, /Fix: Correct the tag, or push the image first\./)
  })

  await t.test('a Deployment, by its Pod that fares worst', async (t) => {
    const shape = { image: VAULT_IMAGE, secret: 'acme', nodeName: NODE }
    await create([stale, deployment('ledger', shape, 2)])
    const [first = '', second = ''] = await podsOf(world, 'ledger', 2)
    await tell(first, { container: 'app', image: VAULT_IMAGE, error: null })
    await tell(second, { container: 'app', image: VAULT_IMAGE, error: REFUSED })

    const { code, object, pod: seen, images } = await json(t, 'deployment/ledger')

    t.equal(code, 1)
    t.match(object, { kind: 'Deployment', namespace: 'explained', name: 'ledger' })
    t.equal(seen?.name, second)
    const kubelet = { class: 'unauthorized', agrees: true }
    t.match(images, [{ state: 'failing', cause: 'CredentialsRejected', kubelet }])
    t.strictSame(problems(images), [['secret', 'registry', 'kubelet']])
    t.match(stepOf(images, 'registry').evidence, [/explained\/acme.*401/])
    t.match(stepOf(images, 'other-pods').evidence, ['on node node-1: 1 with their image'])
    t.match(images[0]?.fix, /Renew it: kubectl -n explained create secret/)
    t.notMatch(JSON.stringify(images), 'changed-since')
  })

  await t.test('a CronJob, by the Pod of its Job', async (t) => {
    const image = VAULT_IMAGE
    const cronJob = otherWorkloads('report', { image, nodeName: NODE }).filter(
      (each) => 'kind' in each && each.kind === 'CronJob',
    )
    await create(cronJob)
    const from = ['create', 'job', '-n', 'explained', 'report-1']
    await mustRun(plane, [...from, '--from=cronjob/report'])
    const [name = ''] = await podsOf(world, 'report', 1)
    await tell(name, { container: 'app', image, error: NO_CREDENTIALS })

    const { code, object, pod: seen, images } = await json(t, 'cronjob/report')

    t.equal(code, 1)
    t.match(object, { kind: 'CronJob', name: 'report' })
    t.equal(seen?.name, name)
    const kubelet = { class: 'no-credentials', agrees: true }
    t.match(images, [{ state: 'failing', cause: 'CredentialsRequired', kubelet }])
    t.match(stepOf(images, 'registry').evidence, [/anonymous.*401/])
  })

  await t.test('a StatefulSet whose trouble has passed', async (t) => {
    const set = otherWorkloads('db', { image: GOOD, nodeName: NODE }).filter(
      (each) => 'kind' in each && each.kind === 'StatefulSet',
    )
    await create(set)
    const [name = ''] = await podsOf(world, 'db', 1)
    await tell(name, { container: 'app', image: GOOD, error: TIMED_OUT })

    const { code, pod: seen, images } = await json(t, 'statefulset/db')

    t.equal(code, 0)
    t.equal(seen?.name, 'db-0')
    t.match(images, [
      {
        state: 'transient',
        cause: null,
        kubelet: { class: 'network', agrees: null },
        fix: /kubectl -n explained delete pod db-0/,
      },
    ])
  })

  await t.test('an init container that is stuck holds up the others', async (t) => {
    const containers = [{ name: 'app', image: GOOD }]
    const initContainers = [{ name: 'migrate', image: TYPO }]
    const spec = { nodeName: NODE, initContainers, containers }
    const metadata = { name: 'staged' }
    await create([{ apiVersion: 'v1', kind: 'Pod', metadata, spec }])
    const error = notFound(TYPO)
    await tell('staged', { container: 'migrate', image: TYPO, error, init: true })

    const { code, images } = await json(t, 'pod/staged')

    t.equal(code, 1)
    t.match(images, [
      { container: 'migrate', state: 'failing', kubelet: { agrees: true } },
      { container: 'app', state: 'fine', kubelet: null },
    ])
  })

  await t.test('a secret in the wrong namespace', async (t) => {
    await world.namespace('billing', [pullSecret('elsewhere', VAULT_LOGIN)])
    await create([pod('lost', { image: VAULT_IMAGE, secret: 'elsewhere' })])

    const { images } = await json(t, 'pod/lost')

    const evidence = ['Secret elsewhere exists in billing, not in explained']
    t.match(stepOf(images, 'namespace'), { outcome: 'problem', evidence })
  })

  await t.test('what is not there, and what may not be read', async (t) => {
    const gone = await explain('deployment/gone')
    t.equal(gone.code, 2)
    t.match(gone.stderr, /Deployment explained\/gone does not exist/)
    const nobody = await nobodyOf(world)
    const args = ['explain', '--kubeconfig', nobody, '-n', 'explained', 'pod/typo']
    const refused = await world.pullgate(args)
    t.equal(refused.code, 2)
    t.match(refused.stderr, /Pod explained\/typo cannot be read: forbidden/)
  })
}

function problems(images: Explanation['images']): string[][] {
  return images.map(({ steps }) =>
    steps.filter(({ outcome }) => outcome === 'problem').map(({ name }) => name),
  )
}

function stepOf(images: Explanation['images'], wanted: string) {
  const found = images[0]?.steps.find(({ name }) => name === wanted)
  if (found === undefined) throw new Error(`no step ${wanted}`)
  return found
}

/** The names of the Pods with the label app=APP, once the controllers have made them. */
async function podsOf(
  { plane }: CommandWorld,
  app: string,
  count: number,
): Promise<string[]> {
  const deadline = AbortSignal.timeout(60_000)
  const args = ['get', 'pods', '-n', 'explained', '-l', `app=${app}`, '-o', 'name']
  while (true) {
    const { stdout } = await mustRun(plane, args)
    const names = stdout.split('\n').filter(Boolean)
    if (names.length === count) return names.map((name) => name.replace('pod/', ''))
    if (deadline.aborted) throw new Error(`${names.length} Pods instead of ${count}`)
  }
}

/** A service account without any rights. */
async function nobodyOf({ plane }: CommandWorld): Promise<string> {
  await mustRun(plane, ['create', 'serviceaccount', '-n', 'default', 'nobody'])
  const { stdout } = await mustRun(plane, ['create', 'token', '-n', 'default', 'nobody'])
  return plane.writeKubeconfig('nobody', stdout.trim())
}

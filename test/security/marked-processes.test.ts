import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { request } from 'undici'
import { stringify } from 'yaml'
import { reportFormats } from '../../src/audit/reports/formats.ts'
import { pod, user } from '../integration/credentials-world.ts'
import { scriptedRegistry } from '../registry/support/scripted-registry.ts'
import { podReview } from '../support/admission-reviews.ts'
import { namespace, node } from '../support/cluster-manifests.ts'
import { startPullgate } from '../support/pullgate-process.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { reviewClient, writeFiles } from '../support/webhook.ts'
import {
  guises,
  holdsSecret,
  hosts,
  objects,
  PASSWORD,
  secretNames,
} from './marked-registries.ts'

// The commands as they are run, with secrets in everything that they read: what they print and write, and what the programs
// that they start get to see.

const PROXY_PASSWORD = 'proxy-secret-77aa'
const BEHIND_PROXY = 'behind-proxy.acme.test'
const WITH_PLUGIN = 'plugin.acme.test'

/** A program that keeps its arguments, its environment and its input, and then runs `body`. */
async function spy(path: string, seen: string, body: string): Promise<void> {
  const script = `#!/bin/sh
{ printf '%s\\n' "$0" "$@"; env; } >> '${seen}'
${body}
`
  await writeFile(path, script)
  await chmod(path, 0o755)
}

/** Registries, cluster and node credentials that are full of secrets; `seen` is what the plugin was given. */
async function createSecretWorld(t: Test) {
  const endpoints: Record<string, string> = {}
  for (const [guise, script] of Object.entries(guises))
    endpoints[`${guise}.acme.test`] = (await scriptedRegistry(t, script)).baseUrl
  const thief = guises['basic-echo']
  if (thief !== undefined)
    endpoints[WITH_PLUGIN] = (await scriptedRegistry(t, thief)).baseUrl
  const directory = t.testdir({})
  const plugins = join(directory, 'plugins')
  await mkdir(plugins)
  const seen = join(directory, 'seen-by-plugin')
  const auth = { [WITH_PLUGIN]: { username: 'robot', password: PASSWORD } }
  const answer = {
    kind: 'CredentialProviderResponse',
    apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
    cacheKeyType: 'Image',
    cacheDuration: '0s',
    auth,
  }
  await spy(
    join(plugins, 'plugin'),
    seen,
    `cat >> '${seen}'\necho '${PASSWORD}' >&2\ncat <<'END'\n${JSON.stringify(answer)}\nEND`,
  )
  const nodeConfig = join(directory, 'node-config.json')
  await writeFile(
    nodeConfig,
    JSON.stringify({ auths: { [WITH_PLUGIN]: user('node', PASSWORD) } }),
  )
  const providers = join(directory, 'providers.yaml')
  await writeFile(
    providers,
    stringify({
      apiVersion: 'kubelet.config.k8s.io/v1',
      kind: 'CredentialProviderConfig',
      providers: [
        {
          name: 'plugin',
          apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
          matchImages: [WITH_PLUGIN],
          defaultCacheDuration: '0s',
        },
      ],
    }),
  )
  const images = [...hosts, WITH_PLUGIN, BEHIND_PROXY].map((host) => `${host}/team/app:1`)
  const pods = images.map((image, at) => {
    const made = pod(image, {
      pullSecrets: image.startsWith('plugin') ? [] : [...secretNames].splice(at % 3),
    })
    return { ...made, metadata: { ...made.metadata, name: `pod-${at}` } }
  })
  const files = await writeFiles(t, {
    configuration: {
      logLevel: 'debug',
      network: { allow: ['127.0.0.1/32'] },
      registries: Object.entries(endpoints).map(([host, endpoint]) => ({
        host,
        endpoint,
      })),
      nodeCredentials: {
        dockerConfigFile: nodeConfig,
        credentialProviderConfig: providers,
        credentialProviderBinDir: plugins,
      },
    },
    manifests: [
      node('node-1'),
      namespace('team-a'),
      ...objects('team-a'),
      ...pods,
    ] as never,
  })
  return { files, images, pods, seen, directory }
}

const environment = {
  HTTPS_PROXY: `http://user:${PROXY_PASSWORD}@127.0.0.1:1`,
  NO_PROXY: '127.0.0.1',
  no_proxy: '127.0.0.1',
}

function leaksOf(texts: readonly string[]): string[] {
  return texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => holdsSecret(line) || line.includes(PROXY_PASSWORD))
}

await t.test(
  'serve tells no secret in answers, logs and metrics, and hands none on',
  async (t) => {
    const { files, images, seen } = await createSecretWorld(t)
    const ca = join(files.directory, 'ca.pem')
    const webhook = startPullgate(
      t,
      [
        'serve',
        `--standalone=${files.cluster}`,
        `--config=${files.configuration}`,
        '--listen=127.0.0.1:0',
        '--metrics-listen=127.0.0.1:0',
        `--write-ca=${ca}`,
        '--drain=0',
      ],
      environment,
    )
    const serving = await webhook.line(({ msg }) => msg === 'serving')
    const client = reviewClient(String(serving.reviews), await readFile(ca, 'utf8'))
    t.teardown(() => client.close())
    const told: string[] = []
    for (const imagePullSecrets of [['all'], ['others'], secretNames, []]) {
      const review = podReview({
        namespace: 'team-a',
        images,
        imagePullSecrets,
        imagePullPolicy: 'Always',
      })
      told.push(JSON.stringify(await client.review(review)))
    }
    const deletion = podReview({ namespace: 'team-a', images })
    Object.assign(deletion.request, { operation: 'DELETE' })
    told.push(JSON.stringify(await client.review(deletion)))
    for (const path of ['/metrics', '/readyz', '/healthz']) {
      const { body } = await request(String(serving.metrics).replace('/metrics', path))
      told.push(await body.text())
    }
    // A file that cannot be used is told of, and not quoted.
    await writeFile(
      files.configuration,
      `registries: [{ host: "${PASSWORD}", endpoint: [] }\n`,
    )
    await webhook.line(({ problems }) => Array.isArray(problems))
    webhook.signal('SIGTERM')
    const { stdout, stderr } = await webhook.ended

    t.match(stdout, '"level":20', 'debug lines, too')
    t.match(told.join('\n'), BEHIND_PROXY)
    t.same(leaksOf([...told, stdout, stderr]), [])
    const given = await readFile(seen, 'utf8')
    t.match(given, `"image":"${WITH_PLUGIN}/team/app"`, 'the plugin ran')
    t.same(given.split('\n').filter(holdsSecret), [], 'and was given no secret')
  },
)

await t.test(
  'check, audit and explain tell none in any format, and hand none on',
  async (t) => {
    const { files, pods, seen, directory } = await createSecretWorld(t)
    const bin = join(directory, 'bin')
    await mkdir(bin)
    const rendered = join(directory, 'rendered.yaml')
    const documents = [...objects('team-a'), ...pods].map((each) => stringify(each))
    await writeFile(rendered, documents.join('---\n'))
    const seenByKubectl = join(directory, 'seen-by-kubectl')
    await spy(join(bin, 'kubectl'), seenByKubectl, `cat '${rendered}'`)
    const env = {
      ...environment,
      PATH: [bin, '/usr/bin', '/bin', dirname(process.execPath)].join(delimiter),
    }
    const run = (...args: string[]) =>
      runInProcess([...args, `--config=${files.configuration}`], { cwd: directory, env })
    const outputs = reportFormats.flatMap((format) => ['-o', `${format}=out.${format}`])
    const cluster = [`--standalone=${files.cluster}`]

    const told: string[] = []
    for (const args of [
      ['check', '-k', 'overlay', ...outputs],
      ['check', '-f', rendered, ...outputs],
      ['audit', ...cluster, ...outputs],
    ]) {
      const { code, stdout, stderr } = await run(...args)
      t.equal(code, 1, args.join(' '))
      told.push(stdout, stderr)
      for (const format of reportFormats)
        told.push(await readFile(join(directory, `out.${format}`), 'utf8'))
    }
    t.equal(
      (await readdir(directory)).filter((name) => name.startsWith('out.')).length,
      reportFormats.length,
    )
    for (const { metadata } of pods) {
      for (const format of ['table', 'json']) {
        const explained = await run(
          'explain',
          ...cluster,
          '-n',
          'team-a',
          '-o',
          format,
          metadata.name,
        )
        t.ok(
          explained.stdout.length > 100,
          `${metadata.name} is explained: ${explained.stderr}`,
        )
        told.push(explained.stdout, explained.stderr)
      }
    }

    t.match(told.join('\n'), 'basic-echo.acme.test')
    t.same(leaksOf(told), [])
    for (const [what, file] of Object.entries({ plugin: seen, kubectl: seenByKubectl })) {
      const given = await readFile(file, 'utf8')
      t.match(given, 'PATH=', `${what} ran`)
      t.same(given.split('\n').filter(holdsSecret), [], `${what} was given no secret`)
    }
  },
)

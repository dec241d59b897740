import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { request } from 'undici'
import { stringify } from 'yaml'
import { DEMO_USERS } from '../../src/demo/registry-content.ts'
import { startDemoRegistry } from '../../src/demo/demo-registry.ts'
import { scriptedRegistry, serveManifest } from '../registry/support/scripted-registry.ts'
import { deploymentReview } from '../support/admission-reviews.ts'
import {
  dockerConfig,
  namespace,
  node,
  pullSecret,
} from '../support/cluster-manifests.ts'
import { jsonLines, runPullgate, startPullgate } from '../support/pullgate-process.ts'
import type { RunningPullgate } from '../support/pullgate-process.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { reviewClient, writeFiles } from '../support/webhook.ts'

// The command line as people run it: processes of their own, from src/main.ts.

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

async function serve(
  t: Test,
  configuration: { mode?: string; registries?: { host: string; endpoint: string }[] },
) {
  const files = await writeFiles(t, {
    configuration,
    manifests: [node('node-1'), namespace('team-a')],
  })
  const ca = join(files.directory, 'ca.pem')
  const webhook = startPullgate(t, [
    'serve',
    `--standalone=${files.cluster}`,
    `--config=${files.configuration}`,
    '--listen=127.0.0.1:0',
    '--metrics-listen=127.0.0.1:0',
    `--write-ca=${ca}`,
    '--drain=0',
  ])
  const { review, health } = await addresses(webhook)
  const client = reviewClient(review, await readFile(ca, 'utf8'))
  t.teardown(() => client.close())
  return { webhook, client, health, files }
}

async function addresses(webhook: RunningPullgate) {
  const line = await webhook.line(({ msg }) => msg === 'serving')
  const { address, metricsAddress } = line as Record<string, { port: number }>
  return {
    review: `https://127.0.0.1:${address?.port}/validate`,
    health: `http://127.0.0.1:${metricsAddress?.port}`,
  }
}

await t.test(
  'serve answers what is under way after SIGTERM, and exits with 0',
  async (t) => {
    const manifest = { body: '{"schemaVersion":2}', mediaType: OCI_MANIFEST }
    const held = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const registry = await scriptedRegistry(t, (incoming, response) => {
      asked.resolve()
      void held.promise.then(() => serveManifest(incoming, response, manifest))
    })
    const { webhook, client, health } = await serve(t, {
      registries: [{ host: 'slow.acme.test', endpoint: registry.baseUrl }],
    })
    const ready = await request(`${health}/readyz`)
    const images = [`slow.acme.test/team/app@sha256:${'a'.repeat(64)}`]

    const answer = client.review(deploymentReview({ namespace: 'team-a', images }))
    await asked.promise
    webhook.signal('SIGTERM')
    await webhook.line(({ msg }) => msg === 'draining')
    held.resolve()
    const verdict = await answer
    const { code, stdout, stderr } = await webhook.ended

    t.equal(ready.statusCode, 200)
    t.equal(verdict.allowed, true)
    t.equal(code, 0)
    t.equal(stderr, '')
    const log = jsonLines(stdout)
    t.ok(log.some(({ msg }) => msg === 'decision'))
    t.equal(log.at(-1)?.msg, 'drained')
  },
)

await t.test('serve takes a changed configuration into use', async (t) => {
  const demo = await startDemoRegistry()
  t.teardown(() => demo.close())
  const endpoint = demo.endpoints.public.origin
  const registries = [{ host: 'registry.acme.test', endpoint }]
  const { webhook, client, files } = await serve(t, { mode: 'enforce', registries })
  const images = ['registry.acme.test/team/web:1.277']
  const review = deploymentReview({ namespace: 'team-a', images })

  const before = await client.review(review)
  await writeFile(files.configuration, 'mode: wran\n')
  await webhook.line(({ level, problems }) => level === 50 && Array.isArray(problems))
  const broken = await client.review(review)
  await writeFile(files.configuration, stringify({ mode: 'warn', registries }))
  await webhook.line(({ msg }) => msg === 'a changed configuration is in force')
  const after = await client.review(review)
  webhook.signal('SIGTERM')

  t.equal(before.action, 'deny')
  t.equal(broken.action, 'deny', 'a broken file changes nothing')
  t.equal(after.action, 'warn')
  t.match(after.warnings, [/would be denied/])
  t.equal((await webhook.ended).code, 0)
})

await t.test('serve takes a changed log level into use', async (t) => {
  const demo = await startDemoRegistry()
  t.teardown(() => demo.close())
  const registries = [
    { host: 'registry.acme.test', endpoint: demo.endpoints.public.origin },
  ]
  const { webhook, client, files } = await serve(t, { registries })
  const images = ['registry.acme.test/team/web:1.27.7']
  const configured = (logLevel: string) =>
    writeFile(files.configuration, stringify({ logLevel, registries }))

  await configured('error')
  await webhook.line(({ logLevel }) => logLevel === 'error')
  await client.review(deploymentReview({ namespace: 'team-a', images }))
  await configured('mode: wrong')
  await webhook.line(({ problems }) => Array.isArray(problems))
  webhook.signal('SIGTERM')
  const log = jsonLines((await webhook.ended).stdout)

  t.notOk(log.some(({ msg }) => msg === 'decision'))
  t.notOk(log.some(({ msg }) => msg === 'drained'))
})

await t.test('serve says where it listens, and whom to trust', async (t) => {
  const { webhook, files } = await serve(t, {})
  const made = await webhook.line(({ ca }) => ca !== undefined)
  const serving = await webhook.line(({ msg }) => msg === 'serving')
  webhook.signal('SIGTERM')

  t.equal(made.ca, join(files.directory, 'ca.pem'))
  t.match(made.msg, /caBundle or curl --cacert/)
  t.match(serving.reviews, /^https:\/\/127\.0\.0\.1:\d+\/validate$/)
  t.match(serving.metrics, /^http:\/\/127\.0\.0\.1:\d+\/metrics$/)
  t.equal((await webhook.ended).code, 0)
})

await t.test('a start that fails says why in one line, and ends', async (t) => {
  const files = await writeFiles(t, { configuration: {}, manifests: [] })
  const taken = await startDemoRegistry()
  t.teardown(() => taken.close())
  const { host } = taken.endpoints.public
  const anywhere = ['--listen=127.0.0.1:0', '--metrics-listen=127.0.0.1:0']
  const standalone = [`--standalone=${files.cluster}`, ...anywhere]
  const starts: [args: string[], says: string][] = [
    [
      [...standalone, `--listen=${host}`],
      `cannot listen on ${host} (--listen): another process listens there already`,
    ],
    [
      [...standalone, `--metrics-listen=${host}`],
      `cannot listen on ${host} (--metrics-listen): another process listens there already`,
    ],
    [
      [...anywhere, '--standalone=absent'],
      `--standalone ${files.directory}/absent cannot be read: there is no such file`,
    ],
    [
      [...anywhere, '--standalone=configuration.yaml'],
      `--standalone ${files.configuration} cannot be read: it is not a directory`,
    ],
    [
      [...standalone, '--tls-cert=absent', '--tls-key=absent'],
      `the TLS certificate ${files.directory}/absent cannot be read: there is no such file`,
    ],
    [
      [...anywhere, '--kubeconfig=absent'],
      `the kubeconfig ${files.directory}/absent cannot be read: there is no such file`,
    ],
  ]
  for (const [args, says] of starts) {
    const { code, stderr } = await runInProcess(['serve', ...args], {
      cwd: files.directory,
    })
    t.same([code, stderr], [2, `pullgate serve: ${says}\n`])
  }
  const late = await runPullgate(['serve', ...standalone, '--write-ca=absent/ca.pem'], {
    cwd: files.directory,
  })
  t.equal(late.code, 2, 'what listens already is closed')
  t.equal(
    late.stderr,
    `pullgate serve: --write-ca ${files.directory}/absent/ca.pem cannot be written: there is no such file\n`,
  )
})

await t.test('serve names field and line of a broken configuration', async (t) => {
  const files = await writeFiles(t, { configuration: {}, manifests: [] })
  await writeFile(files.configuration, 'mode: enforce\nregistrys: []\n')

  const { code, stdout, stderr } = await runPullgate([
    'serve',
    `--standalone=${files.cluster}`,
    `--config=${files.configuration}`,
  ])

  t.equal(code, 2)
  t.equal(stdout, '')
  t.match(stderr, /configuration\.yaml:2.*registrys.*registries/)
})

await t.test('check judges files without a server', async (t) => {
  const demo = await startDemoRegistry()
  t.teardown(() => demo.close())
  const { deployer } = DEMO_USERS
  const files = await writeFiles(t, {
    configuration: {
      registries: [
        { host: 'registry.acme.test', endpoint: demo.endpoints.public.origin },
        { host: 'billing.acme.test', endpoint: demo.endpoints.basic.origin },
      ],
    },
    manifests: [],
  })
  const secret = pullSecret(
    'default',
    'billing-pull',
    dockerConfig({ 'billing.acme.test': `deployer:${deployer?.password}` }),
  )
  const manifests = {
    'good.yaml': [pod('good', 'registry.acme.test/team/web:1.27')],
    'bad.yaml': [pod('bad', 'registry.acme.test/team/web:1.277')],
    'private.yaml': [
      secret,
      pod('private', 'billing.acme.test/team/billing:3.1', ['billing-pull']),
    ],
    'broken.yaml': [],
  }
  for (const [name, documents] of Object.entries(manifests)) {
    const text = documents.map((document) => stringify(document)).join('---\n')
    await writeFile(join(files.directory, name), text === '' ? 'a: [' : text)
  }
  const argsOf = (args: string[]) => ['check', '--config', files.configuration, ...args]
  const check = (args: string[], input = '') =>
    runInProcess(argsOf(args), { cwd: files.directory, input })

  t.test('0, 1 and 2 are the exit codes of the process', async (t) => {
    for (const [file, expected] of [
      ['good.yaml', 0],
      ['bad.yaml', 1],
      ['absent.yaml', 2],
    ] as const) {
      const { code } = await runPullgate(argsOf(['-f', file]), { cwd: files.directory })
      t.equal(code, expected, file)
    }
  })

  t.test('a table for people, and 1 for what would be denied', async (t) => {
    const { code, stdout } = await check(['-f', 'good.yaml', '-f', 'bad.yaml'])

    t.equal(code, 1)
    t.match(
      stdout,
      /Pod default\/good\n {2}allow +c: \S+ \(good\.yaml:8:14\)\nPod default\/bad\n/,
    )
    t.match(
      stdout,
      /deny +c: registry\.acme\.test\/team\/web:1\.277 \(bad\.yaml:8:14\)\n +\[ImageNotFound\]/,
    )
    t.match(stdout, 'Nearest tags: 1.27.7')
    t.match(stdout, '2 images: 1 allow, 0 warn, 1 deny')
  })

  t.test('JSON for programs', async (t) => {
    const { code, stdout } = await check(['-f', 'bad.yaml', '-o', 'json'])

    t.equal(code, 1)
    t.match(JSON.parse(stdout), {
      results: [
        {
          object: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'bad' },
          images: [
            {
              image: 'registry.acme.test/team/web:1.277',
              path: 'spec.containers[0].image',
              container: 'c',
              action: 'deny',
              cause: 'ImageNotFound',
              message: /has no tag "1\.277"/,
              advice: String,
            },
          ],
        },
      ],
      summary: { images: 1, allow: 0, warn: 0, deny: 1 },
    })
  })

  t.test('a Secret of the same file opens its registry', async (t) => {
    const { code, stdout, stderr } = await check(['-f', 'private.yaml'])

    t.equal(code, 0, stdout)
    t.match(stdout, '1 image: 1 allow')
    t.notMatch(stdout + stderr, deployer?.password ?? 'no such user')
  })

  t.test('standard input', async (t) => {
    const input = stringify(pod('piped', 'registry.acme.test/team/nothing:1'))

    const { code, stdout } = await check(['-f', '-'], input)

    t.equal(code, 1)
    t.match(stdout, '[RepositoryNotFound]')
  })

  t.test('2 for usage and for what cannot be read', async (t) => {
    const rows: [args: string[], says: RegExp][] = [
      [[], /name at least one file/],
      [['-f', 'good.yaml', '-o', 'xml'], /-o takes .*"xml"/],
      [['-f', 'absent.yaml'], /absent\.yaml/],
      [['-f', 'broken.yaml'], /broken\.yaml:1/],
      [['--no-such-option'], /no-such-option/],
    ]
    for (const [args, says] of rows) {
      const { code, stderr } = await check(args)
      t.equal(code, 2, args.join(' '))
      t.match(stderr, says)
    }
  })
})

await t.test('the demo ends by itself, with every verdict as expected', async (t) => {
  const { code, stdout, stderr } = await runInProcess(['demo'])

  t.equal(code, 0, stdout + stderr)
  t.match(stdout, /All \d+ verdicts were the expected ones/)
})

function pod(name: string, image: string, imagePullSecrets: string[] = []): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      containers: [{ name: 'c', image }],
      imagePullSecrets: imagePullSecrets.map((each) => ({ name: each })),
    },
  }
}

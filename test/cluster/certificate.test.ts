import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { serverTlsOptions } from '../../src/admission/server-tls.ts'
import {
  shareCertificate,
  type ShareEvent,
} from '../../src/certificates/share-certificate.ts'
import { createApiClient, type ApiClient } from '../../src/cluster/api-client.ts'
import { kubernetesApiFacts } from '../../src/cluster/kubernetes-api.ts'
import { kubernetesCertificateStore } from '../../src/cluster/kubernetes-certificate-store.ts'
import { loadApiAccess } from '../../src/cluster/load-api-access.ts'
import type { ClusterFacts } from '../../src/prediction/cluster-facts.ts'
import { startPullgate } from '../support/pullgate-process.ts'
import { findBinaries } from './binaries.ts'
import { startControlPlane, type ControlPlane } from './control-plane.ts'

const DAY_MS = 86_400_000
const BASE = join(import.meta.dirname, '../../manifests/base')
const SECRET = { namespace: 'pullgate', name: 'pullgate-certificate' }

t.setTimeout(300_000)
const binaries = await findBinaries({
  env: process.env,
  log: (line) => t.comment(line),
})
if ('missing' in binaries) {
  process.stderr.write(`cluster: ${binaries.missing}\n`)
  process.exit(process.env.PULLGATE_REQUIRE_PARTS === '1' ? 1 : 0)
}
const plane = await startControlPlane(t, binaries)
const now = Date.now()
/** Reviews that came in, by the port of a replica. */
const calls = new Map<number, number>()

await t.test('a renewal, as the API server and the shipped RBAC see it', async (test) => {
  const ports = new Map<string, number>()
  const clock = { nowMs: now - 61 * DAY_MS }
  const api = await install(test)
  const replicas = [await replica(test, api, clock), await replica(test, api, clock)]
  await publishAt(replicas[0]?.port ?? 0, ports)

  const stepAll = async (): Promise<void> => {
    await Promise.all(replicas.map(({ share }) => share.step()))
  }
  const passes = async (when: string): Promise<void> => {
    for (const { port } of replicas) {
      await publishAt(port, ports)
      await untilCalled(port, () => calls.get(port) ?? 0)
      test.ok(
        (calls.get(port) ?? 0) > 0,
        `${when}: the API server trusts replica ${port}`,
      )
    }
  }
  await stepAll()
  await passes('at the start')
  test.strictSame(problems(replicas), [])

  const traffic = keepApplying()
  clock.nowMs = now
  await stepAll()
  test.equal(await bundleSize(), 2, 'both CAs are published before')
  await passes('while the next one is only published')
  clock.nowMs = now + 5 * 60_000
  await stepAll()
  await stepAll()
  test.strictSame(
    replicas.map(({ leaves }) => leaves.length),
    [2, 2],
    'then the next one is served',
  )
  await passes('after the change')
  clock.nowMs = now + 8 * DAY_MS
  await stepAll()
  test.equal(await bundleSize(), 1)
  await passes('when the old CA is gone')
  test.strictSame(problems(replicas), [])
  const { applied, failures } = await traffic.stop()
  test.strictSame(failures, [], 'no review was lost under traffic')
  test.ok(applied > 5, `${applied} reviews came in beside the renewal`)

  await plane.kubectl(['delete', 'clusterrolebinding', 'pullgate-certificate'])
  await until(async () => {
    await stepAll()
    return problems(replicas).length === 2
  })
  test.match(problems(replicas), [
    'RBAC forbids "get" on the ValidatingWebhookConfiguration pullgate: grant the verb to the service account',
    /RBAC forbids/,
  ])
})

await t.test('serve waits for its certificate, and says so', async (test) => {
  await must(['create', 'serviceaccount', 'nobody', '-n', 'pullgate'])
  const { stdout } = await must(['create', 'token', 'nobody', '-n', 'pullgate'])
  const kubeconfig = await plane.writeKubeconfig('nobody', stdout.trim())
  const serve = [
    'serve',
    `--kubeconfig=${kubeconfig}`,
    `--tls-secret=${SECRET.namespace}/${SECRET.name}`,
    '--tls-hosts=127.0.0.1',
    '--listen=127.0.0.1:0',
    '--metrics-listen=127.0.0.1:0',
    '--drain=0',
  ]
  const pullgate = startPullgate(test, serve)
  const problem = await pullgate.line(({ reason }) => typeof reason === 'string')
  test.match(problem.reason, /RBAC forbids "get" on the Secret/)

  await must([
    'create',
    'clusterrolebinding',
    'anything',
    '--clusterrole=cluster-admin',
    '--serviceaccount=pullgate:nobody',
  ])
  await pullgate.line(({ msg }) => msg === 'serving')
  test.pass('and serves when it has it')
})

await t.test('a Secret that is not there is created by one of two', async (test) => {
  const api = await client(join(plane.directory, 'kubeconfigs', 'admin.yaml'))
  test.teardown(() => api.close())
  await plane.kubectl(['delete', 'secret', '-n', 'pullgate', SECRET.name])
  const clock = { nowMs: now }
  const replicas = [await replica(test, api, clock), await replica(test, api, clock)]

  await Promise.all(replicas.map(({ share }) => share.step()))

  const [one, two] = replicas.map(({ share }) => share.serving()?.leaf.fingerprint256)
  test.ok(one !== undefined && one === two)
  const { stdout } = await plane.kubectl([
    'get',
    'secret',
    '-n',
    'pullgate',
    SECRET.name,
    '-o',
    'jsonpath={.type}',
  ])
  test.equal(stdout, 'kubernetes.io/tls')
})

await t.test('Nodes are followed by a watch', async (test) => {
  const api = await client(join(plane.directory, 'kubeconfigs', 'admin.yaml'))
  const life = new AbortController()
  const paths: string[] = []
  const facts = kubernetesApiFacts({
    client: {
      ...api,
      get(request) {
        paths.push(request.path)
        return api.get(request)
      },
    },
    secrets: 'none',
    mayListSecrets: false,
    now: () => performance.now(),
    watch: {
      random: Math.random,
      signal: life.signal,
      wait: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
    },
  })
  test.teardown(async () => {
    life.abort()
    await api.close()
  })
  await until(async () => (await nodes(facts)) === '')
  await sleep(500)
  const listed = paths.length
  for (const name of ['one', 'two'])
    await plane.kubectl(['create', '-f', '-'], {
      input: [{ apiVersion: 'v1', kind: 'Node', metadata: { name } }],
    })
  await until(async () => (await nodes(facts)) === 'one,two')
  await plane.kubectl(['delete', 'node', 'one'])
  await until(async () => (await nodes(facts)) === 'two')
  test.equal(paths.length, listed, 'nothing was listed again')
})

interface Replica {
  share: ReturnType<typeof shareCertificate>
  events: ShareEvent[]
  leaves: string[]
  port: number
}

/** A share of the certificate, and a server that allows whatever it is asked about. */
async function replica(
  test: Test,
  api: ApiClient,
  clock: { nowMs: number },
): Promise<Replica> {
  const events: ShareEvent[] = []
  const leaves: string[] = []
  const server = createServer((request, response) => {
    calls.set(port, (calls.get(port) ?? 0) + 1)
    text(request).then(
      (body) => response.end(allow(body)),
      () => response.destroy(),
    )
  })
  // As the webhook's own: longer than the API server keeps an idle connection.
  server.keepAliveTimeout = 120_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  test.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const share = shareCertificate({
    store: kubernetesCertificateStore({
      client: api,
      secret: SECRET,
      configuration: 'pullgate',
    }),
    hosts: ['127.0.0.1', 'pullgate.pullgate.svc'],
    now: () => clock.nowMs,
    apply(pair) {
      server.setSecureContext(serverTlsOptions(pair))
      // The next review meets the new certificate.
      server.closeIdleConnections()
      leaves.push(pair.cert)
    },
    onEvent: (event) => events.push(event),
  })
  return { share, events, leaves, port }
}

function allow(body: string): string {
  const { request } = JSON.parse(body) as { request: { uid: string } }
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: request.uid, allowed: true },
  })
}

/** The shipped manifests that have to do with the certificate; answers a client with the rights of the service account. */
async function install(test: Test): Promise<ApiClient> {
  for (const name of [
    'namespace',
    'service-account',
    'role',
    'cluster-role',
    'certificate-secret',
  ])
    await must(['apply', '-f', join(BASE, `${name}.yaml`)])
  const { stdout } = await plane.kubectl([
    'create',
    'token',
    'pullgate',
    '-n',
    'pullgate',
  ])
  const api = await client(await plane.writeKubeconfig('pullgate', stdout.trim()))
  test.teardown(() => api.close())
  return api
}

async function client(kubeconfig: string): Promise<ApiClient> {
  const access = await loadApiAccess({ kubeconfig, context: null })
  return createApiClient({ access, timeoutMs: 5_000 })
}

/** The shipped webhook configuration, reached by an address and with failurePolicy Fail: distrust would show. */
async function publishAt(port: number, published: Map<string, number>): Promise<void> {
  const url = `https://127.0.0.1:${port}/validate`
  calls.set(port, 0)
  if (published.has('made')) {
    const patch = [{ op: 'replace', path: '/webhooks/0/clientConfig/url', value: url }]
    await must([
      'patch',
      'validatingwebhookconfiguration',
      'pullgate',
      '--type=json',
      '-p',
      JSON.stringify(patch),
    ])
    return
  }
  const shipped = parse(await readFile(join(BASE, 'webhook.yaml'), 'utf8')) as {
    webhooks: object[]
  }
  const webhooks = shipped.webhooks.map((webhook) => ({
    ...webhook,
    failurePolicy: 'Fail',
    clientConfig: { url },
  }))
  await must(['apply', '-f', '-'], JSON.stringify({ ...shipped, webhooks }))
  published.set('made', port)
}

/** The API server hears of a changed configuration a moment later. */
async function untilCalled(port: number, count: () => number): Promise<void> {
  await until(async () => {
    const { code, stderr } = await plane.kubectl([
      'create',
      'deployment',
      `probe-${port}`,
      '--image=nginx',
      '-n',
      'default',
      '--dry-run=server',
    ])
    // Whatever the API server goes by at the moment: it may never distrust one of the replicas.
    if (code !== 0) throw new Error(stderr)
    return count() > 0
  })
}

interface Traffic {
  stop(): Promise<{ applied: number; failures: string[] }>
}

/** Applies without pause, under failurePolicy Fail: a moment without trust shows as a failure. */
function keepApplying(): Traffic {
  const failures: string[] = []
  const state = { stopped: false, applied: 0 }
  async function apply(): Promise<void> {
    while (!state.stopped) {
      const { code, stderr } = await plane.kubectl([
        'create',
        'deployment',
        'traffic',
        '--image=nginx',
        '-n',
        'default',
        '--dry-run=server',
      ])
      if (code === 0) state.applied += 1
      else failures.push(stderr)
    }
  }
  const applying = apply()
  return {
    async stop() {
      state.stopped = true
      await applying
      return { applied: state.applied, failures }
    },
  }
}

async function bundleSize(): Promise<number> {
  const path = 'jsonpath={.webhooks[0].clientConfig.caBundle}'
  const { stdout } = await must([
    'get',
    'validatingwebhookconfiguration',
    'pullgate',
    '-o',
    path,
  ])
  return Buffer.from(stdout, 'base64').toString().split('BEGIN CERTIFICATE').length - 1
}

function problems(replicas: readonly Replica[]): string[] {
  return replicas.flatMap(({ events }) =>
    events.flatMap((event) => (event.kind === 'problem' ? [event.reason] : [])),
  )
}

async function nodes(facts: ClusterFacts): Promise<string | null> {
  const fact = await facts.nodes({ fresh: false, signal: new AbortController().signal })
  return fact.status === 'known'
    ? fact.value
        .map(({ name }) => name)
        .toSorted()
        .join(',')
    : null
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(30_000)
  while (!(await condition())) {
    if (deadline.aborted) throw new Error('it did not come')
    await sleep(100)
  }
}

async function must(
  args: readonly string[],
  input?: string,
): Promise<Awaited<ReturnType<ControlPlane['kubectl']>>> {
  const result = await plane.kubectl(args, input === undefined ? {} : { input })
  if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`)
  return result
}

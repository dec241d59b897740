import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import { readKubernetesObjects } from '../../src/cluster/kubernetes-object.ts'
import { createObjectStore, objectStoreFacts } from '../../src/cluster/object-store.ts'
import { readConfiguration } from '../../src/configuration/read-configuration.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import { actionFor } from '../../src/policy/decide.ts'
import type { Finding } from '../../src/prediction/finding.ts'
import { silentObserver } from '../../src/registry/registry-observer.ts'
import { readWorkload } from '../../src/workload/read-workload.ts'
import { scriptedRegistry } from '../registry/support/scripted-registry.ts'
import type { ScriptedRegistry, Script } from '../registry/support/scripted-registry.ts'

export const HOST = 'registry.acme.test'
export const IMAGE = `${HOST}/team/app:1.0`

/** One way to fail, from the spelling of the image to what the registry answers. */
export interface Situation {
  image?: string
  /** Fields of the container, such as imagePullPolicy; Always unless said. */
  container?: object
  /** Further fields of the pod spec. */
  spec?: object
  /** Objects of the cluster. */
  objects?: readonly object[]
  /** What the registry answers; nothing is served without it. */
  registry?: Script
  /** Over TLS that is verified. */
  tls?: boolean
  /** Applied as a Deployment, whose Pods are still to be made. */
  template?: boolean
  /** Which registry of image names that is; registry.acme.test unless said. */
  host?: string
  /** Further fields of that registry in the configuration. */
  settings?: object
  configuration?: object
}

export interface Judged {
  findings: Finding[]
  /** The most severe default action of all findings. */
  action: 'allow' | 'warn' | 'deny'
  /** The finding that decides; null when there is none. */
  leading: Finding | null
  /** What the registry was asked. */
  lines: string[]
}

const severity = { allow: 0, warn: 1, deny: 2 } as const

/** One Pod in a small cluster, judged over real connections with the configuration that an operator would write. */
export async function judge(t: Test, situation: Situation): Promise<Judged> {
  const { registry, host = HOST, settings = {} } = situation
  if (registry === undefined)
    return judgeWith(t, situation, [{ host, ...settings }], null)
  if (situation.tls) {
    const entry = { host, ...(await tlsServer(t, registry)), ...settings }
    return judgeWith(t, situation, [entry], null)
  }
  const server = await scriptedRegistry(t, registry)
  return judgeWith(
    t,
    situation,
    [{ host, endpoint: server.baseUrl, ...settings }],
    server,
  )
}

export async function judgeWith(
  t: Test,
  situation: Situation,
  registries: readonly object[],
  server: ScriptedRegistry | null,
): Promise<Judged> {
  const { image = IMAGE, container = {}, spec = {}, objects = [] } = situation
  const text = JSON.stringify({
    registries,
    verifyIndexes: true,
    ...situation.configuration,
  })
  const read = readConfiguration(text, '/etc/pullgate/config.yaml')
  if (read.status !== 'ok') throw new Error(JSON.stringify(read.problems))
  const store = createObjectStore(objects.flatMap((each) => readKubernetesObjects(each)))
  const engine = await createEngine({
    configuration: read.configuration,
    facts: objectStoreFacts(store, { complete: true, mayNameNamespaces: true }),
    observer: silentObserver,
    env: {},
    onFault: (error) => t.fail(`a fault of ours: ${String(error)}`),
    onNotice: () => {},
  })
  t.teardown(() => engine.close())
  const podSpec = {
    containers: [{ name: 'web', image, imagePullPolicy: 'Always', ...container }],
    ...spec,
  }
  const metadata = { name: 'web', namespace: 'team-a' }
  const object = situation.template
    ? {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata,
        spec: { template: { spec: podSpec } },
      }
    : { apiVersion: 'v1', kind: 'Pod', metadata, spec: podSpec }
  const workload = readWorkload(object, [])
  if (workload.status !== 'workload') throw new Error('it is a workload')
  const predictions = await engine.predictor.predict({
    ...workload,
    images: workload.workload.images,
    signal: AbortSignal.timeout(20_000),
  })
  const findings = predictions.flatMap((each) => each.findings)
  const judged = findings
    .map((finding) => ({ finding, action: actionFor(finding, { actions: {} }) }))
    .toSorted((a, b) => severity[b.action] - severity[a.action])
  return {
    findings,
    action: judged[0]?.action ?? 'allow',
    leading: judged[0]?.finding ?? null,
    lines: server?.lines() ?? [],
  }
}

export function secret(
  name: string,
  auths: Record<string, unknown>,
  more: object = {},
): object {
  return secretOfText(name, JSON.stringify({ auths }), more)
}

export function secretOfText(name: string, text: string, more: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'team-a', creationTimestamp: '2026-01-05T08:00:00Z' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(text).toString('base64') },
    ...more,
  }
}

const DAY_MS = 86_400_000

export interface TlsServer {
  /** `https://127.0.0.1:PORT` */
  endpoint: string
  caFile: string
}

/** A registry behind TLS, with a certificate of its own authority for these hosts that is this many days old and holds for five. */
export async function tlsServer(
  t: Test,
  script: Script,
  { hosts = ['127.0.0.1'], ageDays = 0 }: { hosts?: string[]; ageDays?: number } = {},
): Promise<TlsServer> {
  const pair = await createSelfSigned({
    hosts,
    nowMs: Date.now() - ageDays * DAY_MS,
    validDays: 5,
  })
  let attempt = 0
  const server = createServer(pair, (request, response) => {
    attempt += 1
    const line = `${request.method} ${request.url}`
    script({ line, headers: request.headers, body: '' }, response, attempt)
  })
  // A client that does not trust us hangs up in the middle of the handshake.
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const caFile = join(t.testdir({ 'ca.pem': pair.ca }), 'ca.pem')
  return { endpoint: `https://127.0.0.1:${port}`, caFile }
}

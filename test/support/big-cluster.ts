import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { linuxNodeInfo } from './linux-node.ts'
import type { Teardown } from './token-server.ts'

export interface BigClusterOptions {
  /** Deployments; each has a ReplicaSet and a Pod. */
  deployments: number
  /** Different images that they share. A tenth of them does not exist, another tenth is private. */
  images: number
  registries: number
  nodes: number
}

export interface BigCluster {
  /** Of the Kubernetes API. */
  url: URL
  kubeconfig: string
  /** A configuration that leads every registry to the one server that plays them all. */
  configuration: string
  /** Requests to registries, `HEAD /v2/... (who)`, with how often each was sent. */
  registryRequests: Map<string, number>
  /** The same for the API: `GET /apis/apps/v1/deployments`. */
  apiRequests: Map<string, number>
}

const LOGIN = Buffer.from('deployer:correct-horse').toString('base64')
const INDEX = 'application/vnd.oci.image.index.v1+json'

/** A cluster too large to be kept as files: the API server and the registries make up what they are asked for. */
export async function startBigCluster(
  t: Teardown,
  options: BigClusterOptions,
): Promise<BigCluster> {
  const registryRequests = new Map<string, number>()
  const apiRequests = new Map<string, number>()
  const api = await listen(t, (request) => {
    const url = new URL(request.url ?? '', 'http://localhost')
    count(apiRequests, `GET ${url.pathname}`)
    return { status: 200, type: 'application/json', body: answerApi(url, options) }
  })
  const registry = await listen(t, (request) => {
    const { method = '', url = '', headers } = request
    const who = headers.authorization === undefined ? 'anonymous' : 'deployer'
    count(registryRequests, `${method} ${url} (${who})`)
    return answerRegistry(url, headers.authorization ?? '')
  })
  const hosts = Array.from({ length: options.registries }, (_, index) => hostOf(index))
  return {
    url: api,
    kubeconfig: kubeconfig(api),
    configuration: JSON.stringify({
      registries: hosts.map((host) => ({ host, endpoint: registry.origin })),
    }),
    registryRequests,
    apiRequests,
  }
}

export function imageOf(
  index: number,
  { images, registries }: BigClusterOptions,
): string {
  const image = index % images
  const fate = ['missing', 'private'][image % 10] ?? 'team'
  return `${hostOf(image % registries)}/${fate}/app-${image}:1.0`
}

function hostOf(index: number): string {
  return `registry-${index}.acme.test`
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

interface Reply {
  status: number
  type: string
  body: string
  headers?: Record<string, string>
}

async function listen(
  t: Teardown,
  answer: (request: IncomingMessage) => Reply,
): Promise<URL> {
  const server: Server = createServer((request, response) => {
    const { status, type, body, headers } = answer(request)
    const length = Buffer.byteLength(body)
    response.writeHead(status, {
      ...headers,
      'content-type': type,
      'content-length': length,
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

function answerRegistry(url: string, authorization: string): Reply {
  const json = 'application/json'
  if (url.includes('/missing/'))
    return url.endsWith('/manifests/1.0')
      ? {
          status: 404,
          type: json,
          body: '{"errors":[{"code":"MANIFEST_UNKNOWN","message":""}]}',
        }
      : { status: 200, type: json, body: '{"name":"x","tags":["1.1","0.9"]}' }
  if (url.includes('/private/') && authorization !== `Basic ${LOGIN}`)
    return {
      status: 401,
      type: json,
      body: '{"errors":[{"code":"UNAUTHORIZED","message":""}]}',
      headers: { 'www-authenticate': 'Basic realm="acme"' },
    }
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: ['amd64', 'arm64'].map((architecture) => ({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: digestOf(`${url.split('/manifests/')[0]} ${architecture}`),
      size: 500,
      platform: { os: 'linux', architecture },
    })),
  })
  return {
    status: 200,
    type: INDEX,
    body,
    headers: { 'docker-content-digest': digestOf(body) },
  }
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

function answerApi(url: URL, options: BigClusterOptions): string {
  const make = COLLECTIONS[url.pathname]
  if (make !== undefined) return listOf(url, options, make)
  const name = url.pathname.split('/').at(-1) ?? ''
  if (url.pathname.includes('/secrets/')) return JSON.stringify(pullSecret(url, name))
  if (url.pathname.includes('/serviceaccounts/'))
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name },
    })
  if (/^\/api\/v1\/namespaces\/[^/]+$/.test(url.pathname))
    return JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  return JSON.stringify({ items: [], metadata: {} })
}

type Make = (index: number, options: BigClusterOptions) => object

const COLLECTIONS: Record<string, Make> = {
  '/apis/apps/v1/deployments': (index, options) => ({
    metadata: metadata(index, `app-${index}`),
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: `app-${index}` } },
      template: template(index, options),
    },
  }),
  '/apis/apps/v1/replicasets': (index, options) => ({
    metadata: {
      ...metadata(index, `app-${index}-rs`),
      ownerReferences: [owner('Deployment', `app-${index}`)],
    },
    spec: { replicas: 1, template: template(index, options) },
  }),
  '/api/v1/pods': (index, options) => ({
    metadata: {
      ...metadata(index, `app-${index}-rs-0`),
      ownerReferences: [owner('ReplicaSet', `app-${index}-rs`)],
    },
    spec: { ...template(index, options).spec, nodeName: `node-${index % options.nodes}` },
    status: { phase: 'Running' },
  }),
  '/api/v1/nodes': (index) => ({
    metadata: {
      name: `node-${index}`,
      labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
    },
    spec: {},
    status: {
      nodeInfo: linuxNodeInfo(),
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  }),
}

function listOf(url: URL, options: BigClusterOptions, make: Make): string {
  const total = url.pathname.endsWith('/nodes') ? options.nodes : options.deployments
  const start = Number(url.searchParams.get('continue') ?? 0)
  const end = Math.min(total, start + Number(url.searchParams.get('limit') ?? total))
  const items = Array.from({ length: end - start }, (_, index) =>
    make(start + index, options),
  )
  return JSON.stringify({ items, metadata: end < total ? { continue: String(end) } : {} })
}

/** As long as real ones, which carry what was applied and who manages which field. */
function metadata(index: number, name: string): object {
  return {
    name,
    namespace: `team-${index % 50}`,
    uid: digestOf(name).slice(7, 43),
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { app: name, 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: {
      'kubectl.kubernetes.io/last-applied-configuration': `{"kind":"Deployment","metadata":"${'x'.repeat(1500)}"}`,
    },
    managedFields: [{ manager: 'kubectl', fieldsV1: { f: 'y'.repeat(1500) } }],
  }
}

function template(index: number, options: BigClusterOptions) {
  const env = Array.from({ length: 10 }, (_, each) => ({
    name: `SETTING_${each}`,
    value: `value ${index}`,
  }))
  return {
    metadata: { labels: { app: `app-${index}` } },
    spec: {
      imagePullSecrets: [{ name: 'acme-pull' }],
      containers: [
        {
          name: 'app',
          image: imageOf(index, options),
          imagePullPolicy: 'IfNotPresent',
          env,
        },
      ],
    },
  }
}

function owner(kind: string, name: string): object {
  return { apiVersion: 'apps/v1', kind, name, controller: true, uid: name }
}

function pullSecret(url: URL, name: string): object {
  const auths = { '*.acme.test': { auth: LOGIN } }
  const data = Buffer.from(JSON.stringify({ auths })).toString('base64')
  const namespace = url.pathname.split('/')[4]
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, creationTimestamp: '2026-01-01T00:00:00Z' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': data },
  }
}

function kubeconfig(api: URL): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'big',
    contexts: [{ name: 'big', context: { cluster: 'big', user: 'big' } }],
    clusters: [
      {
        name: 'big',
        cluster: { server: api.origin, 'insecure-skip-tls-verify': true },
      },
    ],
    users: [{ name: 'big', user: {} }],
  })
}

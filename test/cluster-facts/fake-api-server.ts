import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Teardown } from '../support/token-server.ts'

import type { ApiAccess } from '../../src/cluster/api-access.ts'
import { readKubernetesObjects } from '../../src/cluster/kubernetes-object.ts'

const LISTS: Record<string, string> = {
  '/api/v1/nodes': 'Node',
  '/api/v1/pods': 'Pod',
  '/api/v1/secrets': 'Secret',
  '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations':
    'MutatingWebhookConfiguration',
}

const KINDS: Record<string, string> = {
  secrets: 'Secret',
  serviceaccounts: 'ServiceAccount',
}

export type Answer =
  | { status: number; body: unknown; headers?: Record<string, string> }
  | 'silence'
  | 'hang up'

export interface FakeApiServer {
  url: URL
  /** `path?query` with the Authorization header, in order. */
  requests: { target: string; authorization: string | undefined }[]
  /** Sockets that were opened. */
  connections: () => number
  /** Replaces the answer to what follows; undefined for the objects, or for a watch. */
  answer: ((path: string, query: URLSearchParams) => Answer | undefined) | null
  /** Every watch that was begun and is not over. */
  watches: Watch[]
  /** Objects on a page whatever `limit` says. */
  pageSize: number
}

export interface Watch {
  path: string
  query: URLSearchParams
  /** One line each; text as it is. */
  send(...lines: (object | string)[]): void
  /** As the server does when the time is up. */
  end(): void
  /** The connection breaks. */
  drop(): void
}

/** Speaks the part of the Kubernetes API that we read, over plain HTTP below the path /k8s. */
export async function fakeApiServer(
  test: Teardown,
  manifests: readonly unknown[],
): Promise<FakeApiServer> {
  const objects = manifests.flatMap((manifest) => readKubernetesObjects(manifest))
  let connections = 0
  const fake: FakeApiServer = {
    url: new URL('http://127.0.0.1'),
    requests: [],
    connections: () => connections,
    answer: null,
    watches: [],
    pageSize: 500,
  }

  function answerOf(url: URL): Answer | 'watch' {
    const path = url.pathname.replace(/^\/k8s/, '')
    const special = fake.answer?.(path, url.searchParams)
    if (special !== undefined) return special
    if (url.searchParams.get('watch') === '1') return 'watch'
    const listed = LISTS[path]
    if (listed !== undefined) return listOf(listed, url.searchParams)
    const [, namespace = '', resource, name] =
      /^\/api\/v1\/namespaces\/([^/]+)(?:\/([^/]+)\/([^/]+))?$/.exec(path) ?? []
    const found = objects.find((object) =>
      resource === undefined
        ? object.kind === 'Namespace' && object.name === namespace
        : object.kind === KINDS[resource] &&
          object.namespace === namespace &&
          object.name === name,
    )
    if (found === undefined) return { status: 404, body: { kind: 'Status', code: 404 } }
    return { status: 200, body: labelled(found.fields) }
  }

  function listOf(kind: string, query: URLSearchParams): Answer {
    const name = query.get('fieldSelector')?.replace('metadata.name=', '')
    const all = objects.filter(
      (object) => object.kind === kind && (name === undefined || object.name === name),
    )
    const start = Number(query.get('continue') ?? 0)
    const end = start + fake.pageSize
    const items = all.slice(start, end).map(({ fields }) => fields)
    const metadata = {
      resourceVersion: '100',
      ...(end < all.length ? { continue: String(end) } : {}),
    }
    return { status: 200, body: { kind: `${kind}List`, metadata, items } }
  }

  function openWatch(url: URL, response: ServerResponse): void {
    const watch: Watch = {
      path: url.pathname.replace(/^\/k8s/, ''),
      query: url.searchParams,
      send(...lines) {
        for (const line of lines)
          response.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`)
      },
      end: () => void response.end(),
      drop: () => void response.destroy(),
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    fake.watches.push(watch)
    response.on('close', () => {
      fake.watches = fake.watches.filter((each) => each !== watch)
    })
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { url: target = '', headers } = request
    fake.requests.push({ target, authorization: headers.authorization })
    const url = new URL(target, 'http://localhost')
    const answer = answerOf(url)
    if (answer === 'watch') return openWatch(url, response)
    if (answer === 'silence') return
    if (answer === 'hang up') {
      request.socket.destroy()
      return
    }
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      ...answer.headers,
    })
    const { body } = answer
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  test.teardown(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  fake.url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/k8s/`)
  return fake
}

/** The API server sets this label on every Namespace. */
function labelled(fields: Record<string, unknown>): Record<string, unknown> {
  if (fields.kind !== 'Namespace') return fields
  const metadata = fields.metadata as { name: string; labels?: object }
  const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name }
  return { ...fields, metadata: { ...metadata, labels } }
}

/** As nobody in particular, by plain HTTP. */
export function accessTo({ url }: Pick<FakeApiServer, 'url'>): ApiAccess {
  return {
    server: url,
    proxy: null,
    credentials: async () => ({ headers: {}, tls: {} }),
  }
}

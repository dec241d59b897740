import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Test } from 'tap'

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

export type Answer = { status: number; body: unknown } | 'silence' | 'hang up'

export interface FakeApiServer {
  url: URL
  /** `path?query` with the Authorization header, in order. */
  requests: { target: string; authorization: string | undefined }[]
  /** Sockets that were opened. */
  connections: () => number
  /** Replaces the answer to what follows; undefined for the objects. */
  answer: ((path: string) => Answer | undefined) | null
  /** Objects on a page whatever `limit` says. */
  pageSize: number
}

/** Speaks the part of the Kubernetes API that we read, over plain HTTP below the path /k8s. */
export async function fakeApiServer(
  test: Test,
  manifests: readonly unknown[],
): Promise<FakeApiServer> {
  const objects = manifests.flatMap((manifest) => readKubernetesObjects(manifest))
  let connections = 0
  const fake: FakeApiServer = {
    url: new URL('http://127.0.0.1'),
    requests: [],
    connections: () => connections,
    answer: null,
    pageSize: 500,
  }

  function answerOf(url: URL): Answer {
    const path = url.pathname.replace(/^\/k8s/, '')
    const special = fake.answer?.(path)
    if (special !== undefined) return special
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
    const metadata = end < all.length ? { continue: String(end) } : {}
    return { status: 200, body: { kind: `${kind}List`, metadata, items } }
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { url: target = '', headers } = request
    fake.requests.push({ target, authorization: headers.authorization })
    const answer = answerOf(new URL(target, 'http://localhost'))
    if (answer === 'silence') return
    if (answer === 'hang up') {
      request.socket.destroy()
      return
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' })
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

import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { startDemoRegistry } from '../../src/demo/demo-registry.ts'
import { orTooLate } from '../../src/cluster/fact-cache.ts'
import { podReview } from '../support/admission-reviews.ts'
import { namespace, node } from '../support/cluster-manifests.ts'
import { sha256 } from '../registry/support/scripted-registry.ts'
import { startWebhook } from '../support/webhook.ts'

// Registries that never come to an end, each in its own way and at its own point, beside one that answers. What is asserted is
// what the answer says and that it came while the API server still waited (five seconds), not how long it took.

const API_TIMEOUT_MS = 5_000
const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'

/** What becomes of an answer that has begun. Raw, since a HEAD has no body: it may get stuck within its head. */
const ways: Record<string, (socket: Socket, head: string) => void> = {
  hangs: () => {},
  stops: (socket, head) => void socket.write(head),
  drips(socket, head) {
    socket.write(head)
    const timer = setInterval(() => socket.write('x-more: y\r\n'), 50)
    socket.on('close', () => clearInterval(timer))
  },
  dies: (socket, head) => socket.write(head, () => void socket.destroy()),
}

type Stuck = (response: ServerResponse, head: string) => void

const partOfHead = 'HTTP/1.1 200 OK\r\n'
const partOfBody = (type: string): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: 100000\r\n\r\n{"schemaVersion":2,`

/** Where it happens: everything before is answered as it should be. */
const points: Record<
  string,
  (request: IncomingMessage, response: ServerResponse, stuck: Stuck) => void
> = {
  'the first answer': (_request, response, stuck) => stuck(response, partOfHead),
  'a manifest without a digest'({ method }, response, stuck) {
    if (method === 'HEAD') response.writeHead(200, { 'content-type': IMAGE }).end()
    else stuck(response, partOfBody(IMAGE))
  },
  'the token service'({ url, headers }, response, stuck) {
    if (url?.startsWith('/token')) return stuck(response, partOfBody('application/json'))
    const realm = `Bearer realm="http://${headers.host}/token",service="acme"`
    response.writeHead(401, { 'www-authenticate': realm }).end()
  },
  'the manifest behind a token'({ url, headers }, response, stuck) {
    if (url?.startsWith('/token')) return void response.end('{"token":"t"}')
    if (headers.authorization !== undefined) return stuck(response, partOfHead)
    const realm = `Bearer realm="http://${headers.host}/token",service="acme"`
    response.writeHead(401, { 'www-authenticate': realm }).end()
  },
  'the entries of an index'({ method }, response, stuck) {
    if (method !== 'HEAD') return stuck(response, partOfBody(INDEX))
    const digest = { 'docker-content-digest': `sha256:${'a'.repeat(64)}` }
    response
      .writeHead(200, { 'content-type': INDEX, 'content-length': '500', ...digest })
      .end()
  },
}

async function serve(
  t: Test,
  point: (typeof points)[string],
  way: (typeof ways)[string] = () => {},
): Promise<string> {
  const stuck: Stuck = ({ socket }, head) => {
    if (socket !== null) way(socket, head)
  }
  const server = createServer((request, response) => point(request, response, stuck))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

/** What each image of `a registry whose blobs hang` is, by its tag. */
const MANIFEST_OF = (tag: string): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: IMAGE,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: sha256(tag),
      size: 100,
    },
  })

/** One registry for each way at each point: `drips-2.acme.test`. */
async function stuckRegistries(t: Test) {
  const all = Object.entries(points).flatMap(([where, point], index) =>
    Object.entries(ways).map(async ([name, way]) => ({
      host: `${name}-${index}.acme.test`,
      what: `${where}: it ${name}`,
      mayAllow: where === 'the entries of an index',
      endpoint: await serve(t, point, way),
    })),
  )
  return Promise.all(all)
}

t.test('an answer is in time, with what is known by then', async (t) => {
  const good = await startDemoRegistry()
  t.teardown(() => good.close())
  const stuck = await stuckRegistries(t)
  const webhook = await startWebhook(t, {
    configuration: {
      mode: 'enforce',
      deadline: '1s',
      registries: [
        { host: 'good.acme.test', endpoint: good.endpoints.public.origin },
        ...stuck.map(({ host, endpoint }) => ({ host, endpoint })),
      ],
      network: { allow: ['127.0.0.1/32'] },
    },
    manifests: [node('node-1'), namespace('team-a')],
  })
  const ask = async (images: readonly string[]) => {
    const apiServer = AbortSignal.timeout(API_TIMEOUT_MS)
    const verdict = await webhook.review(podReview({ namespace: 'team-a', images }))
    return { verdict, warnings: verdict.warnings.join('\n'), late: apiServer.aborted }
  }

  const answers = await Promise.all(
    stuck.map(({ host }) =>
      ask([`${host}/team/app:1.0`, 'good.acme.test/team/single:1.0']),
    ),
  )
  for (const [each, answer] of answers.entries()) {
    const { what, mayAllow } = stuck[each] ?? { what: 'nothing', mayAllow: false }
    t.notOk(answer.late, `${what}: before the API server gives up`)
    t.ok(answer.verdict.allowed, `${what}: let through`)
    t.notMatch(answer.warnings, 'good.acme.test', `${what}: not the other`)
    // An index whose entries cannot be read is there all the same.
    if (mayAllow && answer.verdict.action === 'allow') continue
    const causes = /\[(Unverified|RegistryUnreachable|TokenServiceError)\]/
    t.match(answer.warnings, causes, `${what}: said so`)
  }
  const all = stuck.map(({ host }) => `${host}/team/app:2.0`)
  const { verdict, late } = await ask([...all, 'good.acme.test/team/web:9.9'])
  t.notOk(late, 'all of them at once')
  t.equal(verdict.action, 'deny', 'what is certain is said whatever else hangs')
  t.match(verdict.message, /good\.acme\.test\/team\/web/)
  t.match(verdict.message, /ImageNotFound/)
  t.notMatch(verdict.message, /-\d\.acme\.test/)
  t.equal((await webhook.metricsPath('/readyz')).status, 200, 'and we are ready')
})

t.test('a cluster that is silent leaves time for the registry', async (t) => {
  const good = await startDemoRegistry()
  t.teardown(() => good.close())
  const never = Promise.withResolvers<never>().promise
  const webhook = await startWebhook(t, {
    configuration: {
      mode: 'enforce',
      registries: [
        { host: 'open.acme.test', endpoint: good.endpoints.public.origin },
        { host: 'token.acme.test', endpoint: good.endpoints.token.origin },
      ],
      network: { allow: ['127.0.0.1/32'] },
    },
    manifests: [node('node-1'), namespace('team-a')],
    cluster: (facts) => ({
      ...facts,
      secret: (_namespace, _name, { signal }) => orTooLate(never, signal),
    }),
  })
  const ask = (image: string) =>
    webhook.review(
      podReview({ namespace: 'team-a', images: [image], imagePullSecrets: ['login'] }),
    )

  t.equal((await ask('open.acme.test/team/single:1.0')).action, 'allow')
  const { action, warnings } = await ask('token.acme.test/team/single:1.0')
  t.equal(action, 'warn')
  t.match(warnings, [
    /\[Unverified\]: Pull secret team-a\/login could not be read \(the API server did not answer in time\)\. Without it token\.acme\.test answered 401/,
  ])
})

t.test('blobs that hang cost a warning, once, and close nothing', async (t) => {
  const asked: string[] = []
  const tags = Array.from({ length: 12 }, (_, index) => `1.${index}`)
  const endpoint = await serve(t, ({ method, url = '' }, response) => {
    asked.push(`${method} ${url}`)
    if (url.includes('/blobs/')) return
    const tag = tags.find((each) =>
      [each, sha256(MANIFEST_OF(each))].includes(lastOf(url)),
    )
    const body = MANIFEST_OF(tag ?? '')
    response
      .writeHead(200, {
        'content-type': IMAGE,
        'content-length': Buffer.byteLength(body),
        'docker-content-digest': sha256(body),
      })
      .end(method === 'HEAD' ? undefined : body)
  })
  const webhook = await startWebhook(t, {
    configuration: {
      mode: 'enforce',
      registries: [{ host: 'r.acme.test', endpoint }],
      network: { allow: ['127.0.0.1/32'] },
    },
    manifests: [node('node-1'), node('node-2', 'arm64'), namespace('team-a')],
  })
  const deploy = (tag: string) =>
    webhook.review(
      podReview({ namespace: 'team-a', images: [`r.acme.test/team/app:${tag}`] }),
    )

  const first = await Promise.all(tags.map(deploy))
  t.same(new Set(first.map(({ action }) => action)), new Set(['allow']))
  const before = asked.length
  t.equal(asked.filter((line) => line.includes('/blobs/')).length, tags.length)
  await Promise.all(tags.map(deploy))
  t.equal(asked.length, before, 'a warm image is not waited for')
  t.equal((await deploy('2.0')).action, 'allow', 'the registry is not taken to be down')
  t.ok(asked.includes('HEAD /v2/team/app/manifests/2.0'))
})

function lastOf(url: string): string {
  return url.split('/').at(-1) ?? ''
}

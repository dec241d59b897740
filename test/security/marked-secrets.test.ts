import { LRUCache } from 'lru-cache'
import { test } from 'tap'
import type { ServerResponse } from 'node:http'
import { OCI_MANIFEST } from '../../src/registry/media-types.ts'
import {
  createWorld,
  base64,
  deployment,
  MARK,
  pod,
  secret,
  secretOfText,
  serviceAccount,
  user,
} from '../integration/credentials-world.ts'
import {
  refuse,
  scriptedRegistry,
  serveManifest,
} from '../registry/support/scripted-registry.ts'
import type { Script, SeenRequest } from '../registry/support/scripted-registry.ts'
import { podReview } from '../support/admission-reviews.ts'
import { startWebhook } from '../support/webhook.ts'

/** Stands in every password, token and header of these tests; also found in their base64. */
const PASSWORD = `${MARK}-password`
/** What a registry itself puts into the address of its token service. */
const REALM = 'realm-secret-4e1d'
const TOKEN = `${MARK}-token`

interface Kept {
  cache: string
  text: string
}

/** Everything that any cache of ours keeps from now on, with the file that kept it. */
function watchCaches(t: { teardown(handler: () => void): void }): Kept[] {
  const kept: Kept[] = []
  const descriptor = Object.getOwnPropertyDescriptor(LRUCache.prototype, 'set')
  const original = descriptor?.value as (typeof LRUCache.prototype)['set']
  LRUCache.prototype.set = function set(
    this: LRUCache<object, object>,
    key,
    value,
    options,
  ) {
    const cache =
      /src\/((?!cache\/)[\w/-]+\.ts)/.exec(new Error('where').stack ?? '')?.[1] ??
      'unknown'
    const note = (each: unknown): void =>
      void kept.push({ cache, text: shown([key, each]) })
    note(value)
    if (value instanceof Promise) value.then(note, note)
    return original.call(this, key, value, options)
  } as typeof original
  t.teardown(() => {
    if (descriptor) Object.defineProperty(LRUCache.prototype, 'set', descriptor)
  })
  return kept
}

/** Values in full, Maps and Errors too. */
function shown(value: unknown): string {
  const seen = new Set<unknown>()
  return (
    JSON.stringify(value, (_key, each: unknown) => {
      if (typeof each !== 'object' || each === null) return each
      if (seen.has(each)) return undefined
      seen.add(each)
      if (each instanceof Map) return [...each]
      if (each instanceof Error) return { message: each.message, stack: each.stack }
      return each
    }) ?? ''
  )
}

/** How a secret may look: as it is, and in the base64 of Basic and of a Secret at any offset. */
function holdsSecret(text: string): boolean {
  if (text.includes(MARK)) return true
  const decoded = text.match(/[A-Za-z0-9+/_-]{8,}={0,2}/g) ?? []
  return decoded.some((word) =>
    [0, 1, 2, 3].some((at) => Buffer.from(word.slice(at), 'base64').includes(MARK)),
  )
}

/** The worst that a registry can do: everything that it was sent comes back in all that is read of its answers. */
function echo(request: SeenRequest): string {
  return [request.headers.authorization ?? '', request.body].join(' ')
}

function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

const image = JSON.stringify({
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: {},
  layers: [],
})

/** Registries by what they do with those who log in. */
const guises: Record<string, Script> = {
  open: (request, response) =>
    serveManifest(request, response, { body: image, mediaType: OCI_MANIFEST }),
  'basic-good': (request, response) =>
    request.headers.authorization === undefined
      ? refuse(response, 401, '', { 'www-authenticate': 'Basic realm="r"' })
      : serveManifest(request, response, { body: image, mediaType: OCI_MANIFEST }),
  'basic-echo': (request, response) =>
    json(
      response,
      401,
      {
        errors: [{ code: echo(request), message: echo(request), detail: echo(request) }],
      },
      { 'www-authenticate': `Basic realm="${echo(request)}"` },
    ),
  'forbidden-echo': (request, response) =>
    request.headers.authorization === undefined
      ? refuse(response, 401, '', { 'www-authenticate': 'Basic realm="r"' })
      : json(response, 403, { errors: [{ code: 'DENIED', message: echo(request) }] }),
  'missing-echo': (request, response) =>
    request.headers.authorization === undefined
      ? refuse(response, 401, '', { 'www-authenticate': 'Basic realm="r"' })
      : json(response, 404, {
          errors: [{ code: echo(request), message: echo(request) }],
        }),
  'error-echo': (request, response) =>
    request.headers.authorization === undefined
      ? refuse(response, 401, '', { 'www-authenticate': 'Basic realm="r"' })
      : json(response, 418, {
          errors: [{ code: echo(request), message: echo(request) }],
        }),
  'redirect-echo': (request, response) =>
    request.headers.authorization === undefined
      ? refuse(response, 401, '', { 'www-authenticate': 'Basic realm="r"' })
      : response
          .writeHead(307, {
            location: `http://127.0.0.1:1/${encodeURIComponent(echo(request))}?k=${REALM}`,
          })
          .end(),
  'type-echo': (request, response) =>
    request.headers.authorization === undefined
      ? refuse(response, 401, '', { 'www-authenticate': 'Basic realm="r"' })
      : serveManifest(request, response, {
          body: image,
          mediaType: `application/odd`,
          headers: {
            'docker-content-digest': echo(request),
            'ratelimit-limit': echo(request),
          },
        }),
  token: bearer((_request, response) =>
    json(response, 200, { token: TOKEN, access_token: TOKEN, expires_in: 300 }),
  ),
  'token-refused': bearer((request, response) =>
    json(response, 401, {
      errors: [{ code: echo(request), message: echo(request) }],
      details: echo(request),
    }),
  ),
  'token-error': bearer((request, response) =>
    json(response, 500, { errors: [{ code: echo(request) }] }),
  ),
  'token-garbage': bearer((request, response) => response.end(echo(request))),
  'token-unusable': bearer((_request, response) =>
    json(response, 200, { token: `${TOKEN}\n` }),
  ),
  'token-insufficient': (request, response) => {
    if (request.line.includes('/token'))
      return json(response, 200, { token: TOKEN, access_token: TOKEN })
    return refuse(response, 401, '', {
      'www-authenticate': `Bearer realm="http://${request.headers.host}/token",error="${echo(request)}"`,
    })
  },
  cut: (request, response) => {
    if (request.headers.authorization === undefined)
      return refuse(response, 401, '', { 'www-authenticate': 'Basic realm="r"' })
    return response.destroy()
  },
}

function bearer(token: Script): Script {
  return (request, response, attempt) => {
    if (request.line.includes('/token')) return token(request, response, attempt)
    if (request.headers.authorization !== undefined)
      return serveManifest(request, response, { body: image, mediaType: OCI_MANIFEST })
    return refuse(response, 401, '', {
      'www-authenticate': `Bearer realm="http://user:${REALM}@${request.headers.host}/token?key=${REALM}",service="s"`,
    })
  }
}

const hosts = Object.keys(guises).map((guise) => `${guise}.acme.test`)

function objects(namespace: string): object[] {
  const all = Object.fromEntries(hosts.map((host) => [host, user('ci', PASSWORD)]))
  return [
    secret('all', all, { namespace }),
    secret(
      'others',
      {
        'other.test': user('robot', PASSWORD),
        [`robot:${PASSWORD}@x.test`]: user('robot', PASSWORD),
      },
      { namespace },
    ),
    secretOfText(
      'broken',
      `{"auths":{"a.test":{"auth":"${base64(PASSWORD)}"}},${PASSWORD}`,
      { namespace },
    ),
    secretOfText(
      'undecodable',
      JSON.stringify({ auths: { 'a.test': { auth: PASSWORD } } }),
      { namespace },
    ),
    secret('legacy', {}, { namespace, type: 'kubernetes.io/dockercfg' }),
    secretOfText('opaque', PASSWORD, { namespace, type: 'Opaque' }),
    secret(
      'jwt',
      {
        [hosts[0] ?? '']: user(
          'AWS',
          `eyJhbGciOiJub25lIn0.${base64(`{"exp":1,"x":"${PASSWORD}"}`)}.`,
        ),
      },
      { namespace },
    ),
    secret(
      'no-user',
      { [hosts[1] ?? '']: { auth: base64(`:${PASSWORD}`) } },
      { namespace },
    ),
  ]
}

const secretNames = [
  'all',
  'others',
  'broken',
  'undecodable',
  'legacy',
  'opaque',
  'jwt',
  'no-user',
]

/** Caches that are made to hold Secrets and tokens. */
const madeForSecrets = new Set([
  'registry/token-service.ts',
  'cluster/fact-cache.ts',
  'cluster/remember-facts.ts',
])

await test('no secret leaves by an answer, a log, a metric, a report or a verdict cache', async (t) => {
  const kept = watchCaches(t)
  const endpoints: Record<string, string> = {}
  for (const [guise, script] of Object.entries(guises)) {
    endpoints[`${guise}.acme.test`] = (await scriptedRegistry(t, script)).baseUrl
  }
  const world = await createWorld(t, {
    endpoints,
    objects: [...objects('team-a'), serviceAccount('default', ['all'])],
    thorough: true,
    env: { HTTPS_PROXY: '', NO_PROXY: '*' },
  })
  for (const host of hosts) {
    for (const pullSecrets of [
      ['all'],
      ['others'],
      ['jwt', 'no-user', 'all'],
      secretNames,
    ]) {
      await world.apply(pod(`${host}/team/app:1`, { pullSecrets }))
      await world.apply(deployment(`${host}/team/app:1`, { pullSecrets }))
      await world.report(pod(`${host}/team/app:1`, { pullSecrets }))
    }
  }
  await world.metricsPage()

  t.notMatch(world.told(), REALM)
  const leaks = world.told().split('\n').filter(holdsSecret)
  t.same(leaks, [])
  const caches = new Set(kept.map(({ cache }) => cache))
  t.ok(caches.has('prediction/lookups/lookup-cache.ts'), 'look-ups were kept')
  for (const cache of caches) {
    if (madeForSecrets.has(cache)) continue
    const leaking = kept.filter((each) => each.cache === cache && holdsSecret(each.text))
    t.same(leaking, [], cache)
  }
})

await test('nor by the server as it is run, over HTTPS', async (t) => {
  const endpoints: Record<string, string> = {}
  for (const [guise, script] of Object.entries(guises)) {
    endpoints[`${guise}.acme.test`] = (await scriptedRegistry(t, script)).baseUrl
  }
  const webhook = await startWebhook(t, {
    configuration: {
      network: { allow: ['127.0.0.1/32'] },
      registries: Object.entries(endpoints).map(([host, endpoint]) => ({
        host,
        endpoint,
      })),
    },
    manifests: objects('team-a') as never,
  })
  const told: string[] = []
  for (const imagePullSecrets of [['all'], ['others'], secretNames]) {
    const review = podReview({
      namespace: 'team-a',
      images: hosts.map((host) => `${host}/team/app:1`),
      imagePullSecrets,
      imagePullPolicy: 'Always',
    })
    told.push(JSON.stringify(await webhook.review(review)))
  }
  for (const path of ['/metrics', '/readyz', '/healthz'])
    told.push((await webhook.metricsPath(path)).text)
  told.push(...webhook.log.map((line) => JSON.stringify(line)))

  t.ok(told.some((text) => text.includes('basic-echo.acme.test')))
  t.same(told.filter(holdsSecret), [])
})

import type { ServerResponse } from 'node:http'
import { OCI_MANIFEST } from '../../src/registry/media-types.ts'
import {
  base64,
  MARK,
  secret,
  secretOfText,
  user,
} from '../integration/credentials-world.ts'
import { refuse, serveManifest } from '../registry/support/scripted-registry.ts'
import type { Script, SeenRequest } from '../registry/support/scripted-registry.ts'

/** Stands in every password, token and header of these tests; also found in their base64. */
export const PASSWORD = `${MARK}-password`
/** What a registry itself puts into the address of its token service. */
export const REALM = 'realm-secret-4e1d'
const TOKEN = `${MARK}-token`

/** How a secret may look: as it is, and in the base64 of Basic and of a Secret at any offset. */
export function holdsSecret(text: string): boolean {
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
export const guises: Record<string, Script> = {
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

export const hosts = Object.keys(guises).map((guise) => `${guise}.acme.test`)

export function objects(namespace: string): object[] {
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

export const secretNames = [
  'all',
  'others',
  'broken',
  'undecodable',
  'legacy',
  'opaque',
  'jwt',
  'no-user',
]

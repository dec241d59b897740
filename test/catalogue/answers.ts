import type { ServerResponse } from 'node:http'
import { refuse, serveManifest, sha256 } from '../registry/support/scripted-registry.ts'
import type { Script, SeenRequest } from '../registry/support/scripted-registry.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../src/registry/media-types.ts'

export const MANIFEST = JSON.stringify({ schemaVersion: 2, config: {}, layers: [] })

/** Serves an image whatever is asked for. */
export const found: Script = (request, response) =>
  serveManifest(request, response, { body: MANIFEST, mediaType: OCI_MANIFEST })

export const status =
  (code: number, error = '', headers: Record<string, string> = {}): Script =>
  (_request, response) =>
    refuse(response, code, error, headers)

/** A repository that anybody may read, with these tags. */
export const tags =
  (...names: string[]): Script =>
  (request, response, attempt) => {
    if (request.line.includes('/tags/list')) return json(response, { tags: names })
    const isThere = names.some((name) => request.line.endsWith(`/manifests/${name}`))
    if (isThere) found(request, response, attempt)
    else refuse(response, 404, 'MANIFEST_UNKNOWN')
  }

/** Only these repositories exist; the others are NAME_UNKNOWN. */
export const repositories =
  (...names: string[]): Script =>
  (request, response, attempt) => {
    const isThere = names.some((name) => request.line.includes(`/v2/${name}/manifests/`))
    if (isThere) found(request, response, attempt)
    else refuse(response, 404, 'NAME_UNKNOWN')
  }

export function json(response: ServerResponse, body: object, code = 200): void {
  response.writeHead(code, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

function basic(user: string): string {
  return `Basic ${Buffer.from(user).toString('base64')}`
}

/** Wants a password before anything else, as docker-registry with htpasswd. */
export const asksBasic =
  (users: readonly string[], then: Script = found): Script =>
  (request, response, attempt) => {
    const sent = request.headers.authorization
    if (users.some((user) => basic(user) === sent)) then(request, response, attempt)
    else refuse(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="r"' })
  }

export interface BearerRules {
  /** Passwords that get a token, as `name:password`. */
  users?: readonly string[]
  /** What an anonymous request gets: a token, or this status. */
  anonymous?: 'token' | number
  /** Tokens of these open the repository. */
  opens?: readonly string[]
  /** Quay says nothing in its second 401. */
  silent?: boolean
  /** Instead of any token. */
  token?: (response: ServerResponse) => void
}

/** A registry with a token service beside it. A token is the name of whom it was given to. */
export function asksBearer(rules: BearerRules = {}, then: Script = found): Script {
  const { opens = [], silent = false } = rules
  return (request, response, attempt) => {
    if (request.line.includes('/token')) return giveToken(request, response, rules)
    const [, who] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? []
    if (who !== undefined && opens.includes(who)) return then(request, response, attempt)
    const realm = `Bearer realm="http://${request.headers.host}/token",service="r"`
    const error = who === undefined || silent ? '' : ',error="insufficient_scope"'
    refuse(response, 401, 'UNAUTHORIZED', { 'www-authenticate': `${realm}${error}` })
  }
}

function giveToken(
  request: SeenRequest,
  response: ServerResponse,
  { users = [], anonymous = 'token', token }: BearerRules,
): void {
  if (token !== undefined) return token(response)
  const form = new URLSearchParams(request.body)
  const byForm = form.has('username')
    ? `${form.get('username')}:${form.get('password')}`
    : null
  const header = request.headers.authorization
  const known = users.find((user) => user === byForm || basic(user) === header)
  if (known !== undefined) {
    const name = known.split(':', 1)[0]
    return json(response, { token: name, access_token: name })
  }
  if (byForm !== null || header !== undefined)
    return refuse(response, 401, 'UNAUTHORIZED')
  if (anonymous === 'token') return json(response, { token: 'nobody' })
  refuse(response, anonymous, 'DENIED')
}

export interface Child {
  platform: string | null
  body?: string
  gone?: boolean
}

/** An index, and those of its children that are not gone. */
export function index(children: readonly Child[]): Script {
  const bodies = children.map((child, position) => child.body ?? childBody(position))
  const document = JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: children.map(({ platform }, position) => {
      const [os, architecture, variant] = platform?.split('/') ?? []
      const body = bodies[position] ?? ''
      return {
        mediaType: OCI_MANIFEST,
        digest: sha256(body),
        size: body.length,
        ...(platform === null ? {} : { platform: { os, architecture, variant } }),
      }
    }),
  })
  return (request, response) => {
    const position = bodies.findIndex((body) => request.line.endsWith(sha256(body)))
    if (position === -1 && request.line.includes('/manifests/1.0'))
      return serveManifest(request, response, { body: document, mediaType: OCI_INDEX })
    if (request.line.endsWith(sha256(document)))
      return serveManifest(request, response, { body: document, mediaType: OCI_INDEX })
    if (position === -1 || children[position]?.gone)
      return refuse(response, 404, 'MANIFEST_UNKNOWN')
    const body = bodies[position] ?? ''
    serveManifest(request, response, { body, mediaType: OCI_MANIFEST })
  }
}

function childBody(position: number): string {
  return JSON.stringify({ schemaVersion: 2, config: {}, layers: [], at: position })
}

/** A single image whose config says this, by way of its media type and content. */
export function withConfig(mediaType: string, config: object): Script {
  const blob = JSON.stringify(config)
  const body = JSON.stringify({
    schemaVersion: 2,
    config: { mediaType, digest: sha256(blob), size: blob.length },
    layers: [],
  })
  return (request, response) => {
    if (request.line.includes('/blobs/')) {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      response.end(blob)
      return
    }
    serveManifest(request, response, { body, mediaType: OCI_MANIFEST })
  }
}

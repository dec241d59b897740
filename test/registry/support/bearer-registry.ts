import type { ServerResponse } from 'node:http'
import type { Test } from 'tap'
import { OCI_MANIFEST } from '../../../src/registry/media-types.ts'
import type { ClientOptions } from '../../../src/registry/registry-client.ts'
import { clientOf, endpointOf } from './client-of.ts'
import { refuse, scriptedRegistry, serveManifest } from './scripted-registry.ts'
import type { Script, ScriptedRegistry, SeenRequest } from './scripted-registry.ts'

export const credential = { username: 'MARK-user', password: 'MARK-password' }
export const BASIC = `Basic ${Buffer.from('MARK-user:MARK-password').toString('base64')}`
const IMAGE = JSON.stringify({ schemaVersion: 2, config: {}, layers: [] })
export const SCOPE = 'repository:team/app:pull'

export const found = (request: SeenRequest, response: ServerResponse): void =>
  serveManifest(request, response, { body: IMAGE, mediaType: OCI_MANIFEST })

export const json = (response: ServerResponse, body: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

export const challenge = (request: SeenRequest, extra = ''): Record<string, string> => ({
  'www-authenticate': `Bearer realm="http://${request.headers.host}/token",service="acme",scope="${SCOPE}"${extra}`,
})

export interface Guise {
  /** The token service; the default gives a token. */
  token?: Script
  /** The manifest once something was sent with it; the default gives it. */
  manifest?: Script
  /** Headers of the first 401. */
  ask?: (request: SeenRequest) => Record<string, string | string[]>
}

/** A registry on loopback that wants a token for `team/app`, and its token service. */
export function bearerRegistry(t: Test, guise: Guise = {}): Promise<ScriptedRegistry> {
  const token: Script =
    guise.token ??
    ((_request, response) =>
      json(response, {
        token: 'MARK-token',
        access_token: 'MARK-token',
        expires_in: 300,
      }))
  return scriptedRegistry(t, (request, response, attempt) => {
    if (request.line.includes(' /token')) return token(request, response, attempt)
    if (request.headers.authorization === undefined) {
      return refuse(response, 401, '', (guise.ask ?? challenge)(request))
    }
    return (guise.manifest ?? found)(request, response, attempt)
  })
}

export const client = (registry: ScriptedRegistry, more: Partial<ClientOptions> = {}) =>
  clientOf([endpointOf(registry.baseUrl)], more)

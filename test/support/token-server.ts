import { createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto'
import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import type { SelfSigned } from '../../src/certificates/self-signed.ts'

/** Anything with tap's teardown. */
export interface Teardown {
  teardown(handler: () => unknown): void
}

export interface TokenUser {
  password: string
  /** Repositories that the user may pull; `*` is every one. */
  pull: readonly string[]
}

export interface TokenServerOptions {
  users: Readonly<Record<string, TokenUser>>
  /** Repositories that everyone may pull. */
  public?: readonly string[]
  /** Serves HTTPS with this certificate, which must be for 127.0.0.1. */
  tls?: SelfSigned
}

/** How the server misbehaves; every field may be changed while it runs. */
export interface Misbehaviour {
  /** Answers every POST with this status: 404 and 405 make clients fall back to GET. */
  postStatus: number | null
  /** Answers requests without credentials with this status: 401 and 403 are what GHCR, GAR and GitLab do. */
  anonymousStatus: number | null
  /** Answers everything with this status. */
  status: number | null
  /** Waits before each answer. */
  delayMs: number
}

/** One request for a token; a password is never kept. */
export interface TokenRequest {
  method: string
  username: string | null
  scopes: string[]
  status: number
}

export interface TokenServer {
  /** What a registry announces: `http://127.0.0.1:PORT/token`. */
  realm: string
  service: string
  issuer: string
  /** PEM of the authority that a registry trusts for signatures. */
  rootCertificates: string
  misbehave: Misbehaviour
  /** In the order of their answers. */
  requests: TokenRequest[]
  /** A token for the test itself, with all rights to one repository. */
  adminToken(repository: string): string
  stop(): Promise<void>
}

const SERVICE = 'registry.acme.test'
const ISSUER = 'auth.acme.test'
const LIFETIME_SECONDS = 300

interface Grant {
  type: 'repository'
  name: string
  actions: string[]
}

/**
 * A token server as https://distribution.github.io/distribution/spec/auth/token/ (GET) and .../auth/oauth/ (POST with
 * grant_type=password) describe. Its tokens are what docker-registry 2.8 verifies: ES256 with the certificate in `x5c`.
 */
export async function startTokenServer(
  t: Teardown,
  options: TokenServerOptions,
): Promise<TokenServer> {
  const mint = await createMint()
  const requests: TokenRequest[] = []
  const misbehave: Misbehaviour = {
    postStatus: null,
    anonymousStatus: null,
    status: null,
    delayMs: 0,
  }
  const listener: RequestListener = (incoming, response) => {
    void serve(incoming, response)
  }
  async function serve(incoming: IncomingMessage, response: ServerResponse) {
    const answer = await answerTo(incoming, { options, misbehave, mint: mint.token })
    const { body, ...request } = answer
    requests.push(request)
    if (misbehave.delayMs > 0) await setTimeout(misbehave.delayMs, null, { ref: false })
    response.writeHead(request.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  const { tls } = options
  const server = tls
    ? createHttpsServer({ cert: tls.cert, key: tls.key }, listener)
    : createHttpServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }
  t.teardown(stop)
  return {
    realm: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/token`,
    service: SERVICE,
    issuer: ISSUER,
    rootCertificates: mint.ca,
    misbehave,
    requests,
    adminToken: (repository) =>
      mint.token('admin', [
        { type: 'repository', name: repository, actions: ['pull', 'push', 'delete'] },
      ]),
    stop,
  }
}

type Mint = (subject: string, access: Grant[]) => string

/** Signs as RFC 7518 3.4 says, r and s in a row. */
async function createMint(): Promise<{ ca: string; token: Mint }> {
  const { ca, cert, key } = await createSelfSigned({
    hosts: [ISSUER],
    nowMs: Date.now(),
    validDays: 1,
  })
  const privateKey = createPrivateKey(key)
  const header = encode({
    typ: 'JWT',
    alg: 'ES256',
    x5c: [new X509Certificate(cert).raw.toString('base64')],
  })
  const token: Mint = (subject, access) => {
    const seconds = Math.floor(Date.now() / 1000)
    const claims = {
      iss: ISSUER,
      sub: subject,
      aud: SERVICE,
      iat: seconds,
      nbf: seconds - 10,
      exp: seconds + LIFETIME_SECONDS,
      jti: randomUUID(),
      access,
    }
    const signed = `${header}.${encode(claims)}`
    const dsaEncoding = 'ieee-p1363'
    const signature = sign('sha256', Buffer.from(signed), {
      key: privateKey,
      dsaEncoding,
    })
    return `${signed}.${signature.toString('base64url')}`
  }
  return { ca, token }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

interface Service {
  options: TokenServerOptions
  misbehave: Misbehaviour
  mint: Mint
}

interface Caller {
  username: string
  password: string
}

async function answerTo(
  incoming: IncomingMessage,
  { options, misbehave, mint }: Service,
): Promise<TokenRequest & { body: object }> {
  const { method = 'GET', headers } = incoming
  const isPost = method === 'POST'
  const query = new URL(incoming.url ?? '/', 'http://localhost').searchParams
  const parameters = isPost ? new URLSearchParams(await text(incoming)) : query
  const caller = isPost ? fromForm(parameters) : fromBasic(headers.authorization)
  const scopes = parameters.getAll('scope').flatMap((scope) => scope.split(' '))
  const request = { method, username: caller?.username ?? null, scopes }
  const refuse = (status: number) => ({
    ...request,
    status,
    body: { details: 'refused by the test' },
  })

  if (misbehave.status !== null) return refuse(misbehave.status)
  if (isPost && misbehave.postStatus !== null) return refuse(misbehave.postStatus)
  if (isPost && parameters.get('grant_type') !== 'password') return refuse(400)
  if (parameters.get('service') !== SERVICE) return refuse(400)
  if (caller === null && misbehave.anonymousStatus !== null)
    return refuse(misbehave.anonymousStatus)
  const user = caller === null ? null : options.users[caller.username]
  if (caller !== null && user?.password !== caller.password) return refuse(401)

  const may = [...(options.public ?? []), ...(user?.pull ?? [])]
  const token = mint(caller?.username ?? '', granted(scopes, may))
  const body = { token, access_token: token, expires_in: LIFETIME_SECONDS }
  return { ...request, status: 200, body }
}

function fromForm(parameters: URLSearchParams): Caller {
  return {
    username: parameters.get('username') ?? '',
    password: parameters.get('password') ?? '',
  }
}

function fromBasic(authorization: string | undefined): Caller | null {
  const encoded = /^basic (.+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return null
  const [username = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':')
  return { username, password: rest.join(':') }
}

/** What is not allowed is left out, as real servers do: the registry then answers insufficient_scope. */
function granted(scopes: readonly string[], may: readonly string[]): Grant[] {
  return scopes.flatMap((scope) => {
    const [, name, actions] = /^repository:(.+):([a-z,*]+)$/.exec(scope) ?? []
    if (name === undefined || !actions?.split(',').includes('pull')) return []
    if (!may.includes('*') && !may.includes(name)) return []
    return [{ type: 'repository', name, actions: ['pull'] }]
  })
}

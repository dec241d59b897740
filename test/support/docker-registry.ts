import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import { findProgram, whyMissing } from './missing-parts.ts'
import { createPusher } from './push-images.ts'
import type { Pusher } from './push-images.ts'
import type { Teardown, TokenServer } from './token-server.ts'

/** The guises: open, Basic, or Bearer with the token server of this folder. */
export type RegistryAuth =
  | 'none'
  /** Passwords by user name; every one of them may do everything. */
  | { htpasswd: Readonly<Record<string, string>> }
  | { token: TokenServer }

export interface DockerRegistryOptions {
  auth?: RegistryAuth
  /** HTTPS with a certificate for 127.0.0.1 and localhost, and these names, under an authority of its own. */
  tls?: boolean | { hosts: readonly string[] }
  /** A pull-through cache of this registry. Such a registry takes no pushes. */
  proxy?: { remoteUrl: string; username?: string; password?: string }
}

export interface DockerRegistry extends Pusher {
  /** `http://127.0.0.1:PORT` or `https://...`. */
  url: string
  /** `127.0.0.1:PORT`. */
  host: string
  port: number
  /** PEM file of the authority to trust; null without TLS. */
  caFile: string | null
  /** What it was asked, from its access log: `HEAD /v2/team/app/manifests/1.0 401`. Pushes are among them. */
  requests(): string[]
  /** Everything it wrote, for diagnosis. */
  output(): string
  /** Idempotent; also done at teardown. The port refuses connections afterwards. */
  stop(): Promise<void>
}

/** The path of Debian's docker-registry, or one line that says how to install it. */
export function findDockerRegistry(): { path: string } | { missing: string } {
  const missing = whyMissing('docker-registry')
  const path = findProgram('docker-registry')
  return missing === null && path !== null
    ? { path }
    : { missing: missing ?? 'needs docker-registry' }
}

const START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 3_000

/** A real docker-registry on a free loopback port, with storage of its own that goes with it. */
export async function startDockerRegistry(
  t: Teardown,
  options: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  const found = findDockerRegistry()
  if ('missing' in found) throw new Error(found.missing)
  const directory = await mkdtemp(join(tmpdir(), 'pullgate-registry-'))
  const tls = await writeCertificate(directory, options.tls ?? false)
  const configuration = {
    version: 0.1,
    log: { level: 'info' },
    storage: {
      filesystem: { rootdirectory: join(directory, 'storage') },
      delete: { enabled: true },
      cache: { blobdescriptor: 'inmemory' },
    },
    http: {
      // Port 0: it says which one it got.
      addr: '127.0.0.1:0',
      secret: 'not secret',
      ...(tls ? { tls: { certificate: tls.certFile, key: tls.keyFile } } : {}),
    },
    ...(await authSection(directory, options.auth ?? 'none')),
    ...proxySection(options.proxy),
  }
  const file = join(directory, 'config.yml')
  await writeFile(file, stringify(configuration))
  // Not our environment: REGISTRY_* variables would override the file.
  const child = spawn(found.path, ['serve', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH },
  })
  const output = collect(child)
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  let pusher: Pusher | null = null
  const stop = async (): Promise<void> => {
    await endProcess(child)
    process.off('exit', kill)
    const open = pusher
    pusher = null
    await open?.close()
    await rm(directory, { recursive: true, force: true })
  }
  t.teardown(stop)
  const port = await listeningPort(child, output)
  const host = `127.0.0.1:${port}`
  const url = `${tls ? 'https' : 'http'}://${host}`
  const writes = createPusher({
    url,
    ca: tls?.ca ?? null,
    authorization: (repository) => adminAuthorization(options.auth ?? 'none', repository),
  })
  pusher = writes
  return {
    ...writes,
    url,
    host,
    port,
    caFile: tls?.caFile ?? null,
    requests: () => accessLog(output()),
    output,
    stop,
  }
}

async function writeCertificate(directory: string, tls: DockerRegistryOptions['tls']) {
  if (!tls) return null
  const names = tls === true ? [] : tls.hosts
  const made = await createSelfSigned({
    hosts: ['127.0.0.1', 'localhost', ...names],
    nowMs: Date.now(),
    validDays: 1,
  })
  const files = {
    caFile: join(directory, 'ca.pem'),
    certFile: join(directory, 'cert.pem'),
    keyFile: join(directory, 'key.pem'),
  }
  await writeFile(files.caFile, made.ca)
  await writeFile(files.certFile, made.cert)
  await writeFile(files.keyFile, made.key, { mode: 0o600 })
  return { ...files, ca: made.ca }
}

async function authSection(directory: string, auth: RegistryAuth): Promise<object> {
  if (auth === 'none') return {}
  if ('htpasswd' in auth) {
    const path = join(directory, 'htpasswd')
    const lines = Object.entries(auth.htpasswd).map(htpasswdLine)
    await writeFile(path, lines.join(''))
    return { auth: { htpasswd: { realm: 'acme', path } } }
  }
  const rootcertbundle = join(directory, 'token-roots.pem')
  await writeFile(rootcertbundle, auth.token.rootCertificates)
  const { realm, service, issuer } = auth.token
  return { auth: { token: { realm, service, issuer, rootcertbundle } } }
}

/** Only bcrypt is understood by docker-registry; cost 4 is the least there is. */
function htpasswdLine([user, password]: [string, string]): string {
  const program = findProgram('htpasswd') ?? 'htpasswd'
  const { status, stdout } = spawnSync(program, ['-n', '-i', '-B', '-C', '4', user], {
    input: password,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`htpasswd ended with ${status}`)
  return `${stdout.trim()}\n`
}

function proxySection(proxy: DockerRegistryOptions['proxy']): object {
  if (!proxy) return {}
  const { remoteUrl: remoteurl, ...credentials } = proxy
  return { proxy: { remoteurl, ...credentials } }
}

function adminAuthorization(auth: RegistryAuth, repository: string): string | null {
  if (auth === 'none') return null
  if ('token' in auth) return `Bearer ${auth.token.adminToken(repository)}`
  const [user = ['', '']] = Object.entries(auth.htpasswd)
  return `Basic ${Buffer.from(user.join(':')).toString('base64')}`
}

function collect(child: ChildProcess): () => string {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  }
  return () => output
}

/** The port from the line `listening on 127.0.0.1:PORT` of its log; the socket is open when the line is written. */
function listeningPort(child: ChildProcess, output: () => string): Promise<number> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(
      () => reject(new Error(`docker-registry did not start:\n${output()}`)),
      START_TIMEOUT_MS,
    )
    child.once('exit', (code) => {
      clearTimeout(deadline)
      reject(new Error(`docker-registry ended with ${code}:\n${output()}`))
    })
    const look = (): void => {
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(output())?.[1]
      if (port === undefined) return
      clearTimeout(deadline)
      // To look through all that it writes later would cost more than what is tested.
      child.stderr?.off('data', look)
      child.stdout?.off('data', look)
      resolve(Number(port))
    }
    child.stderr?.on('data', look)
    child.stdout?.on('data', look)
  })
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const harder = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await ended
  clearTimeout(harder)
}

function accessLog(output: string): string[] {
  return Array.from(
    output.matchAll(/"(\S+ \S+) HTTP\/[\d.]+" (\d{3}) /g),
    ([, line, status]) => `${line} ${status}`,
  )
}

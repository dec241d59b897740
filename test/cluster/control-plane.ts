import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import type { Teardown } from '../support/token-server.ts'
import type { Binaries } from './binaries.ts'

export interface ControlPlane {
  /** `https://127.0.0.1:PORT`. */
  server: string
  /** PEM of the API server's authority. */
  ca: string
  /** For files that go with the control plane. */
  directory: string
  /** `kubectl ARGS...` as an administrator; never rejects because of an exit code. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult>
  /** Writes a kubeconfig for the bearer of a token, in a namespace where one is given, and tells its path. */
  writeKubeconfig(name: string, token: string, namespace?: string): Promise<string>
  /** What a program wrote, for diagnosis. */
  output(program: 'etcd' | 'kube-apiserver' | 'kube-controller-manager'): string
}

export interface KubectlOptions {
  /** Standard input, for `-f -`: text, or objects that are sent as a List. */
  input?: string | readonly object[]
  /** Default: the administrator's. */
  kubeconfig?: string
  cwd?: string
}

export interface KubectlResult {
  code: number | null
  stdout: string
  stderr: string
}

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 5_000
const MAX_OUTPUT = 1_000_000

/** Those whose decisions take a kubelet's heartbeats stay away; Nodes are what the tests say they are. */
const CONTROLLERS = '*,-node-lifecycle-controller,-taint-eviction-controller'

/**
 * etcd, kube-apiserver with RBAC and its default admission plugins, and kube-controller-manager, on free loopback ports, with
 * data of their own that goes at teardown. No scheduler and no kubelet: Pods stay as they were admitted.
 */
export async function startControlPlane(
  t: Teardown,
  binaries: Binaries,
): Promise<ControlPlane> {
  const directory = await mkdtemp(join(tmpdir(), 'pullgate-cluster-'))
  const programs = new Map<string, RunningProgram>()
  t.teardown(async () => {
    // The last that was started first: the API server writes to etcd until it ends.
    for (const program of [...programs.values()].toReversed()) await program.stop()
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  })
  const start = (name: ProgramName, args: readonly string[]): void => {
    programs.set(name, run(binaries[name], args, directory))
  }
  const credentials = await writeCredentials(directory)
  const [etcdPort, peerPort, apiPort] = await freePorts()
  const server = `https://127.0.0.1:${apiPort}`
  const access = { server, ca: credentials.tls.ca, directory }
  const kubeconfigs = {
    admin: await writeKubeconfig(access, {
      name: 'admin',
      token: credentials.tokens.admin,
    }),
    manager: await writeKubeconfig(access, {
      name: 'manager',
      token: credentials.tokens.manager,
    }),
  }
  start('etcd', etcdArgs(directory, { etcdPort, peerPort }))
  start('kube-apiserver', apiServerArgs(credentials, { etcdPort, apiPort }))
  await whenReady(access, credentials.tokens.admin, programs)
  start('kube-controller-manager', managerArgs(credentials, kubeconfigs.manager))
  return {
    ...access,
    kubectl: (args, options = {}) =>
      kubectl(binaries.kubectl, args, { kubeconfig: kubeconfigs.admin, ...options }),
    writeKubeconfig: (name, token, namespace) =>
      writeKubeconfig(access, { name, token, namespace }),
    output: (name) => programs.get(name)?.output() ?? '',
  }
}

type ProgramName = 'etcd' | 'kube-apiserver' | 'kube-controller-manager'

interface Credentials {
  tls: { ca: string; caFile: string; certFile: string; keyFile: string }
  accounts: { keyFile: string; publicFile: string }
  tokens: { admin: string; manager: string; file: string }
}

async function writeCredentials(directory: string): Promise<Credentials> {
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(directory, name)
    await writeFile(path, text, { mode: 0o600 })
    return path
  }
  const made = await createSelfSigned({
    hosts: ['127.0.0.1', 'localhost', 'kubernetes.default.svc'],
    nowMs: Date.now(),
    validDays: 1,
  })
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const admin = randomBytes(24).toString('hex')
  const manager = randomBytes(24).toString('hex')
  const users = `${admin},admin,1,system:masters\n${manager},system:kube-controller-manager,2\n`
  return {
    tls: {
      ca: made.ca,
      caFile: await write('ca.pem', made.ca),
      certFile: await write('api.pem', made.cert),
      keyFile: await write('api.key', made.key),
    },
    accounts: {
      keyFile: await write('accounts.key', pair.privateKey),
      publicFile: await write('accounts.pub', pair.publicKey),
    },
    tokens: { admin, manager, file: await write('tokens.csv', users) },
  }
}

function etcdArgs(
  directory: string,
  { etcdPort, peerPort }: { etcdPort: number; peerPort: number },
): string[] {
  const client = `http://127.0.0.1:${etcdPort}`
  const peer = `http://127.0.0.1:${peerPort}`
  return [
    `--data-dir=${join(directory, 'etcd')}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--log-level=warn',
  ]
}

function apiServerArgs(
  { tls, accounts, tokens }: Credentials,
  { etcdPort, apiPort }: { etcdPort: number; apiPort: number },
): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${apiPort}`,
    `--tls-cert-file=${tls.certFile}`,
    `--tls-private-key-file=${tls.keyFile}`,
    `--token-auth-file=${tokens.file}`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${accounts.publicFile}`,
    `--service-account-signing-key-file=${accounts.keyFile}`,
    '--service-cluster-ip-range=10.96.0.0/24',
    '--endpoint-reconciler-type=none',
    '--allow-privileged',
    '--profiling=false',
  ]
}

function managerArgs({ tls, accounts }: Credentials, kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${accounts.keyFile}`,
    `--root-ca-file=${tls.caFile}`,
    `--controllers=${CONTROLLERS}`,
    // As kubeadm does: each controller with the rights of its own account, and so with its own name in reviews.
    '--use-service-account-credentials',
    '--leader-elect=false',
    '--secure-port=0',
    '--profiling=false',
  ]
}

/** The roles of RBAC are among what /readyz waits for. */
async function whenReady(
  { server, ca }: { server: string; ca: string },
  token: string,
  programs: ReadonlyMap<string, RunningProgram>,
): Promise<void> {
  const dispatcher = new Agent({ connect: { ca }, allowH2: false })
  const signal = AbortSignal.timeout(START_TIMEOUT_MS)
  try {
    while (!signal.aborted) {
      for (const [name, program] of programs)
        if (program.ended())
          throw new Error(`${name} ended:\n${program.output().slice(-3000)}`)
      const status = await request(`${server}/readyz`, {
        dispatcher,
        signal,
        headers: { authorization: `Bearer ${token}` },
      }).then(
        async ({ statusCode, body }) => (await body.dump(), statusCode),
        () => 0,
      )
      if (status === 200) return
      await wait(100)
    }
    const output = programs.get('kube-apiserver')?.output().slice(-3000)
    throw new Error(`kube-apiserver is not ready:\n${output}`)
  } finally {
    await dispatcher.destroy()
  }
}

interface RunningProgram {
  output(): string
  ended(): boolean
  stop(): Promise<void>
}

function run(path: string, args: readonly string[], cwd: string): RunningProgram {
  const child = spawn(path, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(-MAX_OUTPUT)
    })
  }
  child.once('error', (error) => (output += `\n${error.message}`))
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  return {
    output: () => output,
    ended: () => hasEnded(child),
    async stop() {
      await end(child)
      process.off('exit', kill)
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const harder = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await ended
  clearTimeout(harder)
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined
}

async function kubectl(
  program: string,
  args: readonly string[],
  { input, kubeconfig, cwd }: KubectlOptions,
): Promise<KubectlResult> {
  const text = typeof input === 'object' ? listOf(input) : (input ?? '')
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      // No HOME: discovery is not cached between control planes.
      env: { PATH: process.env.PATH, KUBECONFIG: kubeconfig, HOME: '/nonexistent' },
    })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name]
        .setEncoding('utf8')
        .on('data', (chunk: string) => (output[name] += chunk))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...output }))
    child.stdin.end(text)
  })
}

function listOf(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
}

interface KubeconfigUser {
  name: string
  token: string
  namespace?: string | undefined
}

async function writeKubeconfig(
  access: Pick<ControlPlane, 'server' | 'ca' | 'directory'>,
  { name, token, namespace }: KubeconfigUser,
): Promise<string> {
  const folder = join(access.directory, 'kubeconfigs')
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${name}.yaml`)
  const ca = Buffer.from(access.ca).toString('base64')
  const cluster = { server: access.server, 'certificate-authority-data': ca }
  const context = {
    cluster: 'test',
    user: name,
    ...(namespace === undefined ? {} : { namespace }),
  }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name, user: { token } }],
    contexts: [{ name: 'test', context }],
    'current-context': 'test',
  }
  await writeFile(path, JSON.stringify(config), { mode: 0o600 })
  return path
}

/** Held all at once, so that they differ; given up just before they are taken. */
async function freePorts(): Promise<[number, number, number]> {
  const servers = await Promise.all([openServer(), openServer(), openServer()])
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(
    servers.map((server) => new Promise((resolve) => server.close(resolve))),
  )
  const [first = 0, second = 0, third = 0] = ports
  return [first, second, third]
}

function openServer(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Teardown } from '../support/token-server.ts'
import { connectCri } from './cri-client.ts'
import type { CriClient } from './cri-client.ts'

export interface ContainerdOptions {
  program: string
  /** Such as `1.6.20`: the layout of the configuration file changed with 2.0. */
  version: string
  /** The tree of hosts.toml files: containerd's `config_path`. */
  hostsDirectory: string
}

export interface Containerd {
  cri: CriClient
  /** Ends the process and takes everything it stored away. Idempotent; also done at teardown. */
  stop(): Promise<void>
}

const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 5_000

/** What needs kernel features, devices or services that a build machine may lack; none of it has to do with pulling. */
const NOT_NEEDED = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.erofs',
  'io.containerd.snapshotter.v1.overlayfs',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.tracing',
  'io.containerd.nri.v1.nri',
  'io.containerd.tracing.processor.v1.otlp',
]

/** A containerd of its own: root, state, socket and configuration in a temporary folder. Needs root, as containerd does. */
export async function startContainerd(
  t: Teardown,
  options: ContainerdOptions,
): Promise<Containerd> {
  const directory = await mkdtemp(join(tmpdir(), 'pullgate-containerd-'))
  const socket = join(directory, 'containerd.sock')
  const configFile = join(directory, 'config.toml')
  const logFile = join(directory, 'log')
  await writeFile(configFile, configurationOf(directory, socket, options))
  const child = spawn(options.program, ['--config', configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // No HTTP_PROXY of the machine: the registries are on loopback.
    env: { PATH: process.env.PATH },
  })
  const log = createWriteStream(logFile)
  child.stdout.pipe(log)
  child.stderr.pipe(log, { end: false })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  let cri: CriClient | null = null
  const stop = async (): Promise<void> => {
    cri?.close()
    await endProcess(child)
    process.off('exit', kill)
    await rm(directory, { recursive: true, force: true })
  }
  t.teardown(stop)
  await waitForSocket(socket, child, logFile)
  cri = connectCri(socket)
  return { cri, stop }
}

/** Version 2 of the configuration file is the newest that 1.6 reads, and 2.x still does; its CRI plugin became three. */
function configurationOf(
  directory: string,
  socket: string,
  { version, hostsDirectory }: ContainerdOptions,
): string {
  const head = `root = ${quote(join(directory, 'root'))}
state = ${quote(join(directory, 'state'))}
disabled_plugins = [${NOT_NEEDED.map(quote).join(', ')}]
[grpc]
  address = ${quote(socket)}
`
  if (version.startsWith('1.')) {
    return `version = 2
${head}
[plugins."io.containerd.grpc.v1.cri"]
  disable_tcp_service = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = ${quote(hostsDirectory)}
`
  }
  return `version = 3
${head}
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "native"
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = ${quote(hostsDirectory)}
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux/amd64"
  snapshotter = "native"
`
}

function quote(text: string): string {
  return JSON.stringify(text)
}

async function waitForSocket(
  socket: string,
  child: ChildProcess,
  logFile: string,
): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (!(await accepts(socket))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      const log = await readFile(logFile, 'utf8')
      throw new Error(`containerd did not start:\n${log.slice(-4000)}`)
    }
    await setTimeout(50)
  }
}

function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket)
    connection.once('connect', () => {
      connection.destroy()
      resolve(true)
    })
    connection.once('error', () => resolve(false))
  })
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const harder = new AbortController()
  void setTimeout(STOP_TIMEOUT_MS, null, { signal: harder.signal, ref: false }).then(
    () => child.kill('SIGKILL'),
    () => {},
  )
  await ended
  harder.abort()
}

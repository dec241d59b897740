import { readdir, readFile, readlink } from 'node:fs/promises'

/** What a server holds, from /proc (Linux). */
export interface Vitals {
  rssMib: number
  /** Open files and sockets but those of callers. */
  descriptors: number
  /** Connections of callers, who keep them open as they like. */
  callers: number
}

export async function vitalsOf({ pid, port }: ServerProcess): Promise<Vitals> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const kib = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0)
  const names = await readdir(`/proc/${pid}/fd`)
  const targets = await Promise.all(
    // One that was closed meanwhile is none.
    names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')),
  )
  const open = targets.filter((target) => target !== '')
  const called = await socketsOn(pid, port)
  const callers = open.filter((target) => called.has(target)).length
  return {
    rssMib: Math.round(kib / 1024),
    descriptors: open.length - callers,
    callers,
  }
}

export interface ServerProcess {
  pid: number
  /** Where it takes reviews. */
  port: number
}

/** Sockets of a local port, as the links of /proc name them: https://docs.kernel.org/networking/proc_net_tcp.html */
async function socketsOn(pid: number, port: number): Promise<Set<string>> {
  const text = await readFile(`/proc/${pid}/net/tcp`, 'utf8')
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const found = new Set<string>()
  for (const line of text.split('\n')) {
    const [, local = '', , , , , , , , inode] = line.trim().split(/\s+/)
    if (local.endsWith(end)) found.add(`socket:[${inode}]`)
  }
  return found
}

export interface VitalsWatch {
  /** The greatest of each since the start. */
  peak: Vitals
  stop(): void
}

export function watchVitals(server: ServerProcess, everyMs: number): VitalsWatch {
  const peak: Vitals = { rssMib: 0, descriptors: 0, callers: 0 }
  async function look(): Promise<void> {
    const now = await vitalsOf(server)
    for (const name of ['rssMib', 'descriptors', 'callers'] as const)
      peak[name] = Math.max(peak[name], now[name])
  }
  // Gone when the process has ended, which others notice.
  const timer = setInterval(() => void look().catch(() => {}), everyMs)
  timer.unref()
  return { peak, stop: () => clearInterval(timer) }
}

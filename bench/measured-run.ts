import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { publishedProgram } from './published.ts'

export interface MeasuredRun {
  code: number | null
  seconds: number
  /** User and system time of the process. */
  cpuSeconds: number
  /** The greatest resident size. */
  peakMib: number
}

/** Often enough for a number that only grows; what is left out are the last milliseconds of the process. */
const INTERVAL_MS = 20

/**
 * Runs `pullgate ARGS...` as it is published as a process of its own, and reads from /proc (Linux) what it took. BENCH_OPTIONS are
 * its NODE_OPTIONS.
 */
export async function measuredRun(args: readonly string[]): Promise<MeasuredRun> {
  const main = await publishedProgram()
  const startedAtMs = performance.now()
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { PATH: process.env.PATH, NODE_OPTIONS: process.env.BENCH_OPTIONS ?? '' },
  })
  let used = { cpuSeconds: 0, peakMib: 0 }
  const sampling = setInterval(() => {
    // Gone once the child has ended, and empty just before.
    void usageOf(child.pid)
      .then((now) => (Number.isNaN(now.peakMib) ? used : (used = now)))
      .catch(() => used)
  }, INTERVAL_MS)
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  clearInterval(sampling)
  return { code, seconds: (performance.now() - startedAtMs) / 1000, ...used }
}

/** proc(5). */
async function usageOf(pid = 0): Promise<{ cpuSeconds: number; peakMib: number }> {
  const [status, stat] = await Promise.all(
    ['status', 'stat'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
  )
  const peakKib = Number(/VmHWM:\s+(\d+)/.exec(status ?? '')?.[1])
  // In ticks of 10 ms: utime and stime, the 12th and 13th field after the name.
  const fields = stat?.split(') ').at(-1)?.split(' ') ?? []
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    peakMib: peakKib / 1024,
  }
}

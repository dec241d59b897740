import { execFile } from 'node:child_process'

export interface PluginRun {
  file: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  input: string
  timeoutMs: number
  maxOutputBytes: number
}

/** `failed` tells how, and nothing that the plugin wrote: its output holds credentials, its errors may. */
export type PluginResult =
  { status: 'answered'; output: string } | { status: 'failed'; problem: string }

/** Runs an executable without a shell, with this environment alone. Killed when it takes too long or writes too much. */
export function runPlugin(run: PluginRun): Promise<PluginResult> {
  const { promise, resolve } = Promise.withResolvers<PluginResult>()
  const options = {
    env: { ...run.env },
    timeout: run.timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: run.maxOutputBytes,
    encoding: 'utf8',
    windowsHide: true,
  } as const
  try {
    const child = execFile(run.file, [...run.args], options, (error, stdout) => {
      if (error === null) resolve({ status: 'answered', output: stdout })
      else resolve({ status: 'failed', problem: describeFailure(error, run) })
    })
    // A plugin need not read its input; that it is gone is seen in how it ends.
    child.stdin?.on('error', () => {})
    child.stdin?.end(run.input)
  } catch {
    // Such as a NUL in an argument; the message would quote the arguments.
    resolve({ status: 'failed', problem: 'could not be started' })
  }
  return promise
}

function describeFailure(
  error: { code?: unknown; killed?: unknown; signal?: unknown },
  { timeoutMs, maxOutputBytes }: PluginRun,
): string {
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
    return `wrote more than ${maxOutputBytes} bytes`
  if (error.killed === true) return `did not answer within ${timeoutMs} ms`
  if (typeof error.code === 'number') return `ended with exit code ${error.code}`
  if (typeof error.code === 'string') return `could not be started (${error.code})`
  return typeof error.signal === 'string' ? `was ended by ${error.signal}` : 'failed'
}

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { errorCode } from '../../text/error-code.ts'
import { printable } from '../../text/printable.ts'

const execute = promisify(execFile)

/** `kubectl kustomize` may fetch remote bases, which takes its time. */
const TIMEOUT_MS = 120_000

export interface RenderOptions {
  cwd: string
  env: Readonly<Record<string, string | undefined>>
  maxBytes: number
  signal: AbortSignal
}

/** What `kubectl kustomize DIR` prints. Throws an error whose message is one line for people. */
export async function renderKustomization(
  directory: string,
  { cwd, env, maxBytes, signal }: RenderOptions,
): Promise<string> {
  try {
    // Not `--`: kubectl would take a name with a leading dash for an option all the same.
    const target = directory.startsWith('-') ? `./${directory}` : directory
    const { stdout } = await execute('kubectl', ['kustomize', target], {
      cwd,
      env: { ...env },
      maxBuffer: maxBytes,
      timeout: TIMEOUT_MS,
      signal,
    })
    return stdout
  } catch (error) {
    throw new Error(`cannot render ${directory}: ${whyNot(error)}`, { cause: error })
  }
}

function whyNot(error: unknown): string {
  if (errorCode(error) === 'ENOENT') {
    return '-k needs kubectl on the PATH; without it: kustomize build DIR | pullgate check -f -'
  }
  if (errorCode(error) === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'it is too large'
  const stderr =
    error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
  const said = stderr.split('\n').at(-1) ?? ''
  if (said !== '') return printable(said)
  return error instanceof Error && error.name === 'AbortError'
    ? 'interrupted'
    : 'kubectl kustomize failed'
}

import { withoutSecrets } from '../../registry/without-secrets.ts'
import { printable } from '../../text/printable.ts'
import { secretsOfUrl, shownUrl, withoutUrlSecrets } from '../../text/url-secrets.ts'
import { runProgram } from './run-program.ts'
import type { ProgramResult } from './run-program.ts'

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
  options: RenderOptions,
): Promise<Uint8Array> {
  // Not `--`: kubectl would take a name with a leading dash for an option all the same.
  const target = directory.startsWith('-') ? `./${directory}` : directory
  const result = await runProgram({
    ...options,
    file: 'kubectl',
    args: ['kustomize', target],
    timeoutMs: TIMEOUT_MS,
  })
  if (result.status === 'done') return result.stdout
  const why = withoutSecrets(whyNot(result), secretsOfUrl(directory))
  throw new Error(`cannot render ${shownUrl(directory)}: ${printable(why)}`)
}

function whyNot(result: Exclude<ProgramResult, { status: 'done' }>): string {
  switch (result.status) {
    case 'absent':
      return '-k needs kubectl on the PATH; without it: kustomize build DIR | pullgate check -f -'
    case 'too-large':
      return 'it is too large'
    case 'too-slow':
      return `kubectl kustomize took longer than ${TIMEOUT_MS / 60_000} minutes`
    case 'interrupted':
      return 'interrupted'
    case 'failed':
      return withoutUrlSecrets(reasonIn(result.stderr))
    default:
      return result satisfies never
  }
}

/** How kubectl logs an error of several lines. */
const LOGGED_LINES = /err=<\n([^]*)\n\s*>$/

/** What a program says last is why it failed. */
function reasonIn(stderr: string): string {
  const logged = LOGGED_LINES.exec(stderr)?.[1]
  return logged?.trim().replaceAll(/\s+/g, ' ') ?? stderr.split('\n').at(-1) ?? ''
}

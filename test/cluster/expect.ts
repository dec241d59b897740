import type { Test } from 'tap'
import type { KubectlResult } from './control-plane.ts'

/** `message` is all that kubectl prints behind `denied the request:`, and nothing but warnings may come with it. */
export function denied(
  t: Test,
  result: KubectlResult,
  message: string | readonly string[],
  name: string,
): void {
  const text = typeof message === 'string' ? message : message.join('\n')
  const [, said = result.stderr] = result.stderr.split('denied the request: \n')
  t.equal(said.trimEnd(), text, name)
  t.match(result.stderr, /Error from server \(Forbidden\): /, `${name}: as Forbidden`)
  t.equal(result.code, 1, `${name}: kubectl fails`)
}

/** Stored, and kubectl prints just these warnings. */
export function passed(
  t: Test,
  result: KubectlResult,
  warnings: readonly (string | RegExp)[],
  name: string,
): void {
  t.equal(result.code, 0, `${name}: kubectl succeeds`)
  const said = result.stderr.trimEnd().split('\n').filter(Boolean)
  const plain = said.map((line) => line.replace(/^Warning: /, ''))
  const fits = plain.length === warnings.length
  t.ok(fits, `${name}: ${warnings.length} warnings`, { found: plain, wanted: warnings })
  for (const [index, warning] of warnings.entries())
    t.match(plain[index], warning, `${name}: warning ${index + 1}`)
}

/** Asks until the answer fits, for what takes effect by and by; the last answer fails the test when time is up. */
export async function eventually(
  t: Test,
  ask: () => Promise<KubectlResult>,
  fits: (result: KubectlResult) => boolean,
  name: string,
): Promise<KubectlResult> {
  const deadline = AbortSignal.timeout(30_000)
  while (true) {
    const result = await ask()
    if (fits(result)) return result
    if (!deadline.aborted) continue
    t.fail(name, { found: result })
    return result
  }
}

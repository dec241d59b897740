import type { CauseCode } from '../../prediction/causes.ts'
import { printable } from '../../text/printable.ts'
import type { Step } from './explanation.ts'
import { findingsOf, problem, step } from './make-step.ts'
import type { StepFacts } from './make-step.ts'

/** What the registry itself told, or would have told had it been reached. */
export function registrySteps(facts: StepFacts): Step[] {
  return [
    registryStep(facts),
    tlsStep(facts),
    rateLimitStep(facts),
    existenceStep(facts),
    platformStep(facts),
  ]
}

/** Attempts that end before the registry says a word, as describeAttempts writes them. */
const WITHOUT_ANSWER =
  /^(?:unreachable|TLS not trusted|address not contacted|no answer in time)/

function hasAnswered({ prediction }: StepFacts): boolean {
  return prediction.attempts.some(({ answer }) => !WITHOUT_ANSWER.test(answer))
}

function hasFound({ prediction }: StepFacts): boolean {
  return prediction.attempts.some(({ answer }) => /\bfound /.test(answer))
}

const TLS: ReadonlySet<CauseCode> = new Set(['CertificateUntrusted', 'PlainHttpRegistry'])
/** Of other aspects in the catalogue, and seen where the registry is asked. */
const ABOUT_THE_REGISTRY: ReadonlySet<CauseCode> = new Set([
  'NotARegistry',
  'LoopbackRegistry',
])
const RATE: ReadonlySet<CauseCode> = new Set(['RateLimited', 'RateLimitNear'])

function registryStep(facts: StepFacts): Step {
  const { attempts } = facts.prediction
  const evidence = attempts.map(({ credential, answer }) =>
    printable(`${credential}: ${answer}`),
  )
  const found = findingsOf(
    facts,
    (cause, aspect) =>
      !TLS.has(cause) &&
      !RATE.has(cause) &&
      (aspect === 'credential' ||
        aspect === 'connection' ||
        ABOUT_THE_REGISTRY.has(cause)),
  )
  if (found.length > 0) return problem('registry', found, evidence)
  if (attempts.length === 0) return step('registry', 'unknown', 'It was not asked.')
  if (!hasAnswered(facts))
    return step('registry', 'unknown', 'It was not heard.', evidence)
  return step('registry', 'ok', 'The registry answers.', evidence)
}

function tlsStep(facts: StepFacts): Step {
  const { error } = facts
  const found = findingsOf(facts, (cause) => TLS.has(cause))
  if (found.length > 0) return problem('tls', found, [])
  const onNode = error?.class === 'tls' || error?.class === 'plain-http'
  const answered = hasAnswered(facts)
  if (onNode && answered)
    return step(
      'tls',
      'problem',
      'The registry is trusted from here and not by the node: install its authority in /etc/containerd/certs.d on the nodes.',
    )
  return answered
    ? step('tls', 'ok', 'The connection is accepted.')
    : step('tls', 'unknown', 'No connection was made.')
}

function rateLimitStep(facts: StepFacts): Step {
  const found = findingsOf(facts, (cause) => RATE.has(cause))
  if (found.length > 0) return problem('rate-limit', found, [])
  if (facts.error?.class === 'rate-limited')
    return step(
      'rate-limit',
      'problem',
      'The registry counts the pulls of the node, or of its network, and not ours: the limit is theirs.',
    )
  return hasAnswered(facts)
    ? step('rate-limit', 'ok', 'No limit was met.')
    : step('rate-limit', 'unknown', 'The registry did not answer.')
}

function existenceStep(facts: StepFacts): Step {
  const found = findingsOf(facts, (_, aspect) => aspect === 'existence')
  if (found.length > 0) return problem('existence', found, [])
  const { digest } = facts.prediction
  if (!hasFound(facts))
    return step('existence', 'unknown', 'The registry did not say whether it exists.')
  return step('existence', 'ok', 'It exists.', digest === null ? [] : [digest])
}

function platformStep(facts: StepFacts): Step {
  const { platforms, nodes } = facts.prediction
  const evidence = [
    ...(platforms ? [`the index has ${platforms.join(', ')}`] : []),
    ...(nodes?.platforms ?? []).map(({ platform, nodes: count }) =>
      countedNodes(platform, count),
    ),
  ].map((line) => printable(line))
  const found = findingsOf(
    facts,
    (cause, aspect) =>
      aspect === 'platform' ||
      ((aspect === 'content' || aspect === 'node') && !ABOUT_THE_REGISTRY.has(cause)),
  )
  if (found.length > 0) return problem('platform', found, evidence)
  const matches = 'Nothing speaks against the platforms of the nodes.'
  return hasFound(facts)
    ? step('platform', 'ok', matches, evidence)
    : step('platform', 'unknown', 'It could not be compared.', evidence)
}

function countedNodes(platform: string, count: number): string {
  if (count === 0) return `wanted: ${platform}`
  return `${count} eligible ${count === 1 ? 'node is' : 'nodes are'} ${platform}`
}

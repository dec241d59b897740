import { causes } from '../../prediction/causes.ts'
import type { Aspect, CauseCode } from '../../prediction/causes.ts'
import type { Finding } from '../../prediction/finding.ts'
import type { NamedSecret } from '../../prediction/pull-secrets/named-secret.ts'
import type { ImagePrediction } from '../../prediction/prediction.ts'
import type { PullCredentials } from '../../prediction/pull-secrets/pull-credentials.ts'
import { nameOf } from '../../reference/reference-name.ts'
import { printable } from '../../text/printable.ts'
import type { PullError } from './classify-pull-error.ts'
import type { Step, StepName } from './explanation.ts'

export interface StepFacts {
  prediction: ImagePrediction
  credentials: PullCredentials
  /** Namespaces in which a secret that is missing here does exist, by its name. */
  elsewhere: ReadonlyMap<string, readonly string[]>
  /** What the kubelet's text is about; null when it said nothing. */
  error: PullError | null
}

/** The steps that the image, its secrets and the registry tell about; other Pods and the kubelet have steps of their own. */
export function imageSteps(facts: StepFacts): Step[] {
  return [
    referenceStep(facts),
    namespaceStep(facts),
    secretStep(facts),
    registryStep(facts),
    tlsStep(facts),
    rateLimitStep(facts),
    existenceStep(facts),
    platformStep(facts),
  ]
}

type Kind = Pick<Finding, 'cause'>

function findingsOf(
  { prediction }: StepFacts,
  wanted: (cause: CauseCode, aspect: Aspect) => boolean,
): Finding[] {
  return prediction.findings.filter(({ cause }: Kind) =>
    wanted(cause, causes[cause].aspect),
  )
}

function problem(name: StepName, findings: readonly Finding[], evidence: string[]): Step {
  const [first, ...others] = findings
  return {
    name,
    outcome: 'problem',
    summary: first === undefined ? '' : `[${first.cause}] ${first.message}`,
    evidence: [
      ...evidence,
      ...(first?.doubts ?? []),
      ...others.map(({ cause, message }) => `[${cause}] ${message}`),
    ],
  }
}

function step(
  name: StepName,
  outcome: Step['outcome'],
  summary: string,
  evidence: string[] = [],
): Step {
  return { name, outcome, summary, evidence }
}

function referenceStep(facts: StepFacts): Step {
  const { use, reference } = facts.prediction
  const found = findingsOf(facts, (_, aspect) => aspect === 'name')
  if (found.length > 0) return problem('reference', found, [])
  if (reference === null)
    return step('reference', 'unknown', `${printable(use.image)} was not read.`)
  const policy = `imagePullPolicy ${use.pullPolicy}`
  return step('reference', 'ok', `It reads as ${printable(reference.pullReference)}.`, [
    policy,
  ])
}

function namespaceStep({ credentials, elsewhere }: StepFacts): Step {
  const misplaced = credentials.secrets.filter(
    ({ fact, name }) =>
      fact.status === 'absent' && (elsewhere.get(name)?.length ?? 0) > 0,
  )
  const { namespace } = credentials
  if (misplaced.length === 0)
    return step(
      'namespace',
      'ok',
      `Secrets are looked for in namespace ${namespace} alone.`,
    )
  const evidence = misplaced.map(({ name }) => {
    const where = (elsewhere.get(name) ?? []).slice(0, 5).join(', ')
    return `Secret ${printable(name, 253)} exists in ${printable(where)}, not in ${namespace}`
  })
  return {
    ...step('namespace', 'problem', 'A pull secret is in another namespace.'),
    evidence,
  }
}

function secretStep(facts: StepFacts): Step {
  const { credentials, prediction } = facts
  const { reference } = prediction
  const { listFrom, serviceAccount, secrets, namespace } = credentials
  const evidence = [
    listFrom === 'object'
      ? 'named by the Pod'
      : `named by service account ${namespace}/${serviceAccount}`,
    ...secrets.map(describeSecret),
  ]
  const found = findingsOf(
    facts,
    (cause, aspect) => aspect === 'secret' || CREDENTIAL_OF_SECRET.has(cause),
  )
  if (found.length > 0) return problem('secret', found, evidence)
  if (secrets.some(({ fact }) => fact.status === 'absent'))
    return step('secret', 'problem', 'A pull secret does not exist.', evidence)
  if (secrets.length === 0)
    return step('secret', 'ok', 'There are no pull secrets: it is asked for anonymously.')
  const matching = reference === null ? [] : credentials.keyring.match(nameOf(reference))
  const summary =
    matching.length === 0
      ? 'No pull secret is for this registry: it is asked for anonymously.'
      : `${matching.length} credentials match the image.`
  return step('secret', 'ok', summary, evidence)
}

const CREDENTIAL_OF_SECRET: ReadonlySet<CauseCode> = new Set(['CredentialsRejected'])

/** Keys of a docker config are host names; values are never shown. */
function describeSecret({ namespace, name, fact, reading }: NamedSecret): string {
  const shown = `Secret ${namespace}/${printable(name, 253)}`
  switch (fact.status) {
    case 'unnamed':
      return 'an entry without a name'
    case 'absent':
      return `${shown} does not exist`
    case 'unknown':
      return `${shown} could not be read (${printable(fact.reason)})`
    default:
      return reading?.status === 'usable'
        ? `${shown} has credentials for ${reading.keys.slice(0, 10).join(', ')}`
        : `${shown} is not usable (${reading?.status ?? 'not read'})`
  }
}

const TLS: ReadonlySet<CauseCode> = new Set(['CertificateUntrusted', 'PlainHttpRegistry'])
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
      (aspect === 'credential' || aspect === 'connection' || cause === 'NotARegistry'),
  )
  if (found.length > 0) return problem('registry', found, evidence)
  if (attempts.length === 0) return step('registry', 'unknown', 'It was not asked.')
  return step('registry', 'ok', 'The registry answers.', evidence)
}

function tlsStep(facts: StepFacts): Step {
  const { prediction, error } = facts
  const found = findingsOf(facts, (cause) => TLS.has(cause))
  if (found.length > 0) return problem('tls', found, [])
  const onNode = error?.class === 'tls' || error?.class === 'plain-http'
  const answered = prediction.attempts.length > 0
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
  const { prediction, error } = facts
  const found = findingsOf(facts, (cause) => RATE.has(cause))
  if (found.length > 0) return problem('rate-limit', found, [])
  if (error?.class === 'rate-limited')
    return step(
      'rate-limit',
      'problem',
      'The registry counts the pulls of the node, or of its network, and not ours: the limit is theirs.',
    )
  return prediction.attempts.length > 0
    ? step('rate-limit', 'ok', 'No limit was met.')
    : step('rate-limit', 'unknown', 'The registry was not asked.')
}

function existenceStep(facts: StepFacts): Step {
  const found = findingsOf(facts, (_, aspect) => aspect === 'existence')
  if (found.length > 0) return problem('existence', found, [])
  const { digest, attempts } = facts.prediction
  const isFound = attempts.some(({ answer }) => /\bfound /.test(answer))
  if (!isFound)
    return step('existence', 'unknown', 'The registry did not say whether it exists.')
  return step('existence', 'ok', 'It exists.', digest === null ? [] : [digest])
}

function platformStep(facts: StepFacts): Step {
  const { platforms, nodes } = facts.prediction
  const evidence = [
    ...(platforms ? [`the index has ${platforms.join(', ')}`] : []),
    ...(nodes?.platforms ?? []).map(({ platform, nodes: count }) =>
      count === 0 ? `wanted: ${platform}` : `${count} eligible nodes are ${platform}`,
    ),
  ].map((line) => printable(line))
  const found = findingsOf(
    facts,
    (cause, aspect) =>
      aspect === 'platform' ||
      aspect === 'node' ||
      (aspect === 'content' && cause !== 'NotARegistry'),
  )
  if (found.length > 0) return problem('platform', found, evidence)
  return facts.prediction.attempts.length > 0 &&
    !facts.prediction.findings.some(({ cause }) => causes[cause].aspect === 'existence')
    ? step(
        'platform',
        'ok',
        'Nothing speaks against the platforms of the nodes.',
        evidence,
      )
    : step('platform', 'unknown', 'It could not be compared.', evidence)
}

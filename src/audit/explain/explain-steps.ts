import type { CauseCode } from '../../prediction/causes.ts'
import type { NamedSecret } from '../../prediction/pull-secrets/named-secret.ts'
import { describeUnread } from '../../prediction/pull-secrets/unread-secrets.ts'
import { nameOf } from '../../reference/reference-name.ts'
import { printable } from '../../text/printable.ts'
import type { Step } from './explanation.ts'
import { findingsOf, problem, step } from './make-step.ts'
import type { StepFacts } from './make-step.ts'
import { registrySteps } from './registry-steps.ts'

/** The steps that the image, its secrets and the registry tell about; other Pods and the kubelet have steps of their own. */
export function imageSteps(facts: StepFacts): Step[] {
  return [
    referenceStep(facts),
    namespaceStep(facts),
    secretStep(facts),
    ...registrySteps(facts),
  ]
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
  const { namespace, secrets, unread } = credentials
  const absent = secrets.filter(({ fact }) => fact.status === 'absent')
  const evidence = absent.flatMap(({ name }) => {
    const where = (elsewhere.get(name) ?? []).slice(0, 5).join(', ')
    return where === ''
      ? []
      : [
          `Secret ${printable(name, 253)} exists in ${printable(where)}, not in ${namespace}`,
        ]
  })
  if (evidence.length > 0)
    return step(
      'namespace',
      'problem',
      'A pull secret is in another namespace.',
      evidence,
    )
  if (absent.some(({ name }) => elsewhere.get(name) === null))
    return step('namespace', 'unknown', 'Other namespaces could not be searched for it.')
  if (unread !== null)
    return step(
      'namespace',
      'unknown',
      `Nothing tells what is in namespace ${namespace}.`,
    )
  const summary = `Secrets are looked for in namespace ${namespace} alone.`
  return step('namespace', 'ok', summary)
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
  const unread = describeUnread(credentials)
  if (unread !== null) return step('secret', 'unknown', unread, evidence)
  if (secrets.length === 0)
    return step('secret', 'ok', 'There are no pull secrets: it is asked for anonymously.')
  const matching = reference === null ? [] : credentials.keyring.match(nameOf(reference))
  const summary =
    matching.length === 0
      ? 'No pull secret is for this registry: it is asked for anonymously.'
      : matching.length === 1
        ? 'One credential matches the image.'
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

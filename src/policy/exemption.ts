import { firstMatchingGlob } from '../text/glob.ts'
import { SKIP_ANNOTATION, skipReason } from '../workload/skip-annotation.ts'
import type { Workload } from '../workload/workload.ts'
import type { Mode } from './action.ts'
import type { Exemption } from './decision.ts'

const SERVICE_ACCOUNT_USER = 'system:serviceaccount:'

export interface ExemptionSettings {
  exempt: {
    /** Globs over namespace names, user names, and `namespace:name` of service accounts. */
    namespaces: readonly string[]
    users: readonly string[]
    serviceAccounts: readonly string[]
  }
  /** Whether the skip annotation is honoured. */
  allowSkip: boolean
}

export interface ExemptionInput {
  workload: Workload
  /** Namespace of the request; a template inside a file may not name one. */
  namespace: string
  /** userInfo.username of the request; null where nobody asks (`check`, `audit`). */
  username: string | null
  mode: Mode
  settings: ExemptionSettings
}

export interface ExemptionResult {
  exemption: Exemption | null
  /** A skip annotation that is not honoured, as full sentences for warnings. */
  problems: string[]
}

/**
 * Whether an object is let through before anything is looked up. A service account is exempt both as the one who asks
 * (`system:serviceaccount:NAMESPACE:NAME`) and as the one that the Pods run as (`default` where none is named); a user is
 * only ever the one who asks. Whoever may create Pods can name any service account of the namespace, as they can set the
 * skip annotation: exemptions spare trouble, they are no fence.
 */
export function exemptionFor(input: ExemptionInput): ExemptionResult {
  const { exempt, allowSkip } = input.settings
  if (input.mode === 'off')
    return found('mode-off', 'the mode of the Namespace or of Pullgate is off')
  const namespace = firstMatchingGlob(exempt.namespaces, input.namespace)
  if (namespace !== null) return found('namespace', namespace)
  const user =
    input.username === null ? null : firstMatchingGlob(exempt.users, input.username)
  if (user !== null) return found('user', user)
  const account = firstMatchingGlob(exempt.serviceAccounts, ...serviceAccounts(input))
  if (account !== null) return found('service-account', account)
  return skipAnnotation(input.workload, allowSkip)
}

/** `namespace:name` of everyone whom exempt.serviceAccounts may mean. */
function serviceAccounts({ workload, namespace, username }: ExemptionInput): string[] {
  const accounts: string[] = []
  if (username?.startsWith(SERVICE_ACCOUNT_USER)) {
    accounts.push(username.slice(SERVICE_ACCOUNT_USER.length))
  }
  // A custom resource that only names image strings has no pod settings, so nothing runs as a known account.
  if (workload.form !== 'strings') {
    accounts.push(`${namespace}:${workload.serviceAccountName ?? 'default'}`)
  }
  return accounts
}

function skipAnnotation(workload: Workload, allowSkip: boolean): ExemptionResult {
  const reason = skipReason(workload)
  if (reason === null) return { exemption: null, problems: [] }
  if (allowSkip) return found('skip-annotation', reason)
  const problem = `The annotation ${SKIP_ANNOTATION} is not honoured: the configuration does not allow it (allowSkip: false).`
  return { exemption: null, problems: [problem] }
}

function found(kind: Exemption['kind'], reason: string): ExemptionResult {
  return { exemption: { kind, reason }, problems: [] }
}

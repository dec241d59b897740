import { buildKeyring } from '../../credentials/keyring.ts'
import { readPullSecret } from '../../credentials/pull-secret.ts'
import { printable } from '../../text/printable.ts'
import {
  effectiveServiceAccountName,
  usesServiceAccountSecrets,
} from '../../workload/pull-settings.ts'
import type { Workload } from '../../workload/workload.ts'
import type {
  ClusterFacts,
  Fact,
  ReadOptions,
  SecretFacts,
  ServiceAccountFacts,
} from '../cluster-facts.ts'
import type { Finding } from '../finding.ts'
import { unlessGone } from './may-be-gone.ts'
import type { NamedSecret } from './named-secret.ts'
import type { PullCredentials } from './pull-credentials.ts'
import { explainPullSecret, serviceAccountMissing } from './pull-secret-findings.ts'

export interface ResolveOptions {
  facts: ClusterFacts
  /** `none`: no Secret is ever asked for. */
  mode: 'get' | 'none'
  read: ReadOptions
  /** For what is asked later, where something has to be explained; `read` unless given. */
  readLater?: ReadOptions
}

/** More names than this in one list are not looked at, and then count as unread. */
const MAX_SECRETS = 50

/**
 * Which secrets the kubelet would use, and what is in them. The emulation of the ServiceAccount admission plugin: an object's
 * own list wins, else the service account's, `default` if none is named (pull-semantics 3.1.1).
 */
export async function resolvePullCredentials(
  workload: Workload,
  options: ResolveOptions,
): Promise<PullCredentials> {
  const { namespace } = workload.object
  const serviceAccount = effectiveServiceAccountName(workload)
  const fromAccount = usesServiceAccountSecrets(workload)
  const account = fromAccount
    ? await options.facts.serviceAccount(namespace, serviceAccount, options.read)
    : null
  const names = fromAccount ? secretsOf(account) : workload.pullSecrets
  const secrets = await Promise.all(
    names.slice(0, MAX_SECRETS).map((name) => readSecret(namespace, name, options)),
  )
  const mayGo = new Set(account?.status === 'known' ? account.value.mayGo : [])
  for (const secret of secrets) if (mayGo.has(secret.name)) secret.mayGo = true
  const parts = { workload, namespace, serviceAccount, account, secrets, options }
  return summarise({ ...parts, cut: names.length > MAX_SECRETS })
}

/** A cluster that did not answer in its time is not waited for again. */
function laterRead({ read, readLater = read }: ResolveOptions): ReadOptions {
  return read.signal.aborted ? read : readLater
}

function secretsOf(account: Fact<ServiceAccountFacts> | null): string[] {
  return account?.status === 'known' ? account.value.imagePullSecrets : []
}

async function readSecret(
  namespace: string,
  name: string,
  { facts, mode, read }: ResolveOptions,
): Promise<NamedSecret> {
  if (name === '') return { namespace, name, fact: { status: 'unnamed' }, reading: null }
  const fact: Fact<SecretFacts> =
    mode === 'none'
      ? { status: 'unknown', reason: 'this webhook has no access to Secrets' }
      : await facts.secret(namespace, name, read)
  const reading = fact.status === 'known' ? readPullSecret(fact.value) : null
  return { namespace, name, fact, reading }
}

interface Summary {
  workload: Workload
  namespace: string
  serviceAccount: string
  account: Fact<ServiceAccountFacts> | null
  secrets: NamedSecret[]
  /** The list is longer than what was looked at. */
  cut: boolean
  options: ResolveOptions
}

function summarise(parts: Summary): PullCredentials {
  const { workload, namespace, serviceAccount, account, secrets, options } = parts
  const accountMissing = account?.status === 'absent'
  const explained = secrets.map((secret) => ({
    secret,
    finding: explainPullSecret(secret),
  }))
  const findings = explained
    .map(({ finding }) => finding)
    .filter((finding) => finding !== null)
  if (accountMissing) findings.push(serviceAccountMissing(namespace, serviceAccount))
  const missing = secrets.find(({ fact }) => fact.status === 'absent')
  return {
    namespace,
    serviceAccount,
    listFrom:
      account === null && workload.pullSecrets.length > 0 ? 'object' : 'service-account',
    serviceAccountSecrets: async () => {
      const { facts } = options
      const known =
        account ??
        (await facts.serviceAccount(namespace, serviceAccount, laterRead(options)))
      return known.status === 'known' ? known.value.imagePullSecrets : null
    },
    namespacesWithSecret: async (name) => {
      const known = await options.facts.namespacesWithSecret(name, laterRead(options))
      if (known.status === 'unknown') return null
      return known.status === 'known' ? known.value : []
    },
    secrets,
    keyring: buildKeyring(
      secrets.flatMap(({ reading }) =>
        reading?.status === 'usable' ? [reading.source] : [],
      ),
    ),
    malformed: malformedOf(explained),
    findings: findings.filter(({ cause }) => cause !== 'PullSecretMalformed'),
    unread: firstUnread(parts),
    missingReference: accountMissing
      ? `ServiceAccount ${namespace}/${serviceAccount} does not exist.`
      : missing === undefined
        ? null
        : `Secret ${namespace}/${printable(missing.name, 253)} does not exist.`,
  }
}

/** One that stays for sure, before one that only may. */
function malformedOf(
  explained: readonly { secret: NamedSecret; finding: Finding | null }[],
): Finding | null {
  const malformed = explained.flatMap(({ secret, finding }) =>
    finding?.cause === 'PullSecretMalformed' ? [unlessGone(finding, secret)] : [],
  )
  const certain = malformed.find(({ certainty }) => certainty === 'certain')
  return certain ?? malformed[0] ?? null
}

function firstUnread({ account, secrets, cut }: Summary): string | null {
  if (account?.status === 'unknown') return account.reason
  if (account?.status === 'known' && account.unread !== undefined) return account.unread
  for (const { fact } of secrets) if (fact.status === 'unknown') return fact.reason
  if (cut) return `more than ${MAX_SECRETS} are named, and only the first are looked at`
  return secrets.map(foreignEncoding).find((each) => each !== null) ?? null
}

/** What we would send is not what the kubelet sends, so its refusal says nothing. */
function foreignEncoding({ namespace, name, reading }: NamedSecret): string | null {
  const remarks = reading?.status === 'usable' ? reading.remarks : []
  const foreign = remarks.find(({ remark }) => remark === 'not-utf8')
  if (foreign === undefined) return null
  return `the credentials in ${namespace}/${printable(name, 253)} for "${foreign.key}" are not UTF-8`
}

import type { X509Certificate } from 'node:crypto'
import type { BundleReading, CertificateStore, StoreWrite } from './certificate-store.ts'
import { expired, issued, joinBundle, splitBundle } from './pem-bundle.ts'
import { publishedSince, type PublishedSince } from './published-since.ts'
import { planRotation, type RotationStep } from './rotation-plan.ts'
import { createSelfSigned } from './self-signed.ts'
import type { CertificatePair } from './serving-certificate.ts'
import {
  authoritiesOf,
  type Generation,
  readShared,
  type SharedCertificate,
  toGeneration,
  writeShared,
} from './shared-certificate.ts'

export interface ShareCertificateOptions {
  store: CertificateStore
  /** What the certificate has to be for. */
  hosts: readonly string[]
  now: () => number
  /** Takes a pair into use for new connections; open ones live on. */
  apply: (pair: CertificatePair, notAfterMs: number) => void
  onEvent: (event: ShareEvent) => void
}

export type ShareEvent =
  /** What this replica wrote; the others find it. */
  | { kind: 'wrote'; what: Exclude<RotationStep, 'keep'> | 'caBundle' }
  /** Told once, until it changes or is over. What was served is served on. */
  | { kind: 'problem'; reason: string }
  | { kind: 'recovered' }

/** Whether the API server takes the certificate that is served, as far as it can be seen. */
export type Trust =
  { status: 'trusted' } | { status: 'untrusted' } | { status: 'unknown' }

export interface CertificateShare {
  /** One look at what is shared, and what there is to do. `settled`: nothing is under way. Never rejects. */
  step(): Promise<{ settled: boolean }>
  serving(): Generation | null
  trust(): Trust
  /** Why the last look did not go well. */
  problem(): string | null
}

const VALID_DAYS = 90
/** Watches of API servers lag by seconds. */
const SETTLE_MS = 5 * 60_000
/** A replica that does not reach the API over a long weekend still serves a leaf that is trusted. */
const RETIRE_MS = 7 * 86_400_000
/** Each write is followed by a new look, and another replica may be quicker each time. */
const MAX_ROUNDS = 12

/**
 * One replica's part in a certificate that all share. Each step looks at the published bundle first and at the Secret second,
 * and writes the bundle under the version that it saw: a replica that was suspended in between cannot publish what is old by
 * now. A leaf is served only when the bundle that was read back holds its CA.
 */
export function shareCertificate(options: ShareCertificateOptions): CertificateShare {
  const { store, now } = options
  let serving: Generation | null = null
  let trust: Trust = { status: 'unknown' }
  let published: PublishedSince = new Map()
  let problem: string | null = null

  async function look(): Promise<{ settled: boolean }> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const result = await lookOnce()
      if (result !== 'again') return result
    }
    throw new Problem('the shared certificate changes faster than it can be read')
  }

  async function lookOnce(): Promise<{ settled: boolean } | 'again'> {
    const bundle = await store.readBundle()
    published = publishedSince(published, bundle, now())
    trust = trustIn(serving, bundle)
    const secret = await store.readSecret()
    if (secret.status === 'failed') throw new Problem(secret.reason)
    const reading =
      secret.status === 'absent' ? { status: 'empty' as const } : readShared(secret.data)
    if (reading.status === 'foreign') throw new Problem(FOREIGN)
    const shared = reading.status === 'shared' ? reading.shared : null
    const plan = shared === null ? 'replace' : planRotation(shared, situation(shared))
    const version = secret.status === 'found' ? secret.version : null
    let failure: string | null = null
    if (plan !== 'keep') {
      const written = await writeSecret(await follow(plan, shared, bundle), version)
      if (tell(written, plan)) return 'again'
      failure = written.status === 'failed' ? written.reason : null
    }
    if (shared === null) throw new Problem(failure ?? 'there is no certificate')
    return publishAndServe(shared, bundle, failure)
  }

  async function publishAndServe(
    shared: SharedCertificate,
    bundle: BundleReading,
    failed: string | null,
  ): Promise<{ settled: boolean } | 'again'> {
    let failure = failed
    const wanted = authoritiesOf(shared)
    if (bundle.status === 'failed') failure ??= bundle.reason
    if (bundle.status === 'found' && !bundle.bundles.every((pem) => same(pem, wanted))) {
      const written = await store.patchBundle(joinBundle(wanted), bundle.version)
      if (tell(written, 'caBundle')) return 'again'
      if (written.status === 'failed') failure ??= written.reason
    }
    if (maySwitchTo(shared.current)) serve(shared.current)
    trust = trustIn(serving, bundle)
    if (failure !== null) throw new Problem(failure)
    const isServed = serving?.leaf.fingerprint256 === shared.current.leaf.fingerprint256
    return { settled: isServed && shared.next === null }
  }

  /** True when the next look shows what came of it: our own write, or another replica's. */
  function tell(
    written: StoreWrite,
    what: Exclude<RotationStep, 'keep'> | 'caBundle',
  ): boolean {
    if (written.status === 'written') options.onEvent({ kind: 'wrote', what })
    return written.status !== 'failed'
  }

  function situation(shared: SharedCertificate) {
    const nextPublishedSinceMs =
      shared.next === null ? null : (published.get(shared.next.ca.fingerprint256) ?? null)
    return {
      nowMs: now(),
      hosts: options.hosts,
      nextPublishedSinceMs,
      settleMs: SETTLE_MS,
    }
  }

  async function writeSecret(
    shared: SharedCertificate,
    version: string | null,
  ): Promise<StoreWrite> {
    const data = writeShared(shared)
    if (version !== null) return store.updateSecret(data, version)
    const present = Object.entries(data).filter(
      (entry): entry is [string, string] => entry[1] !== null,
    )
    return store.createSecret(Object.fromEntries(present))
  }

  async function make(): Promise<Generation> {
    const { hosts } = options
    return toGeneration(
      await createSelfSigned({ hosts, nowMs: now(), validDays: VALID_DAYS }),
    )
  }

  async function follow(
    plan: Exclude<RotationStep, 'keep'>,
    shared: SharedCertificate | null,
    bundle: BundleReading,
  ): Promise<SharedCertificate> {
    const retireAtMs = now() + RETIRE_MS
    if (shared === null || plan === 'replace') {
      // Leaves under these may be served at this moment, by replicas with mounted files or of a Secret that was deleted.
      const previous = authoritiesIn(bundle).filter((ca) => !expired(ca, now()))
      return { current: await make(), next: null, previous, retireAtMs }
    }
    if (plan === 'prepare') return { ...shared, next: await make() }
    if (plan === 'retire' || shared.next === null) return { ...shared, previous: [] }
    const previous = [shared.current.ca, ...shared.previous]
    return { current: shared.next, next: null, previous, retireAtMs }
  }

  /** Something that is trusted is given up only for something that has been trusted long enough to be known everywhere. */
  function maySwitchTo(generation: Generation): boolean {
    if (serving === null) return true
    if (serving.leaf.fingerprint256 === generation.leaf.fingerprint256) return false
    const sinceMs = published.get(generation.ca.fingerprint256)
    if (expired(serving.leaf, now())) return true
    if (sinceMs === undefined) return false
    const isServedOneTrusted = published.has(serving.ca.fingerprint256)
    return !isServedOneTrusted || now() - sinceMs >= SETTLE_MS
  }

  function serve(generation: Generation): void {
    const { leaf, key } = generation
    options.apply({ cert: leaf.toString(), key }, leaf.validToDate.getTime())
    serving = generation
  }

  return {
    async step() {
      try {
        const result = await look()
        if (problem !== null) options.onEvent({ kind: 'recovered' })
        problem = null
        return result
      } catch (error) {
        const reason = error instanceof Problem ? error.message : UNEXPECTED
        if (reason !== problem) options.onEvent({ kind: 'problem', reason })
        problem = reason
        return { settled: false }
      }
    },
    serving: () => serving,
    trust: () => trust,
    problem: () => problem,
  }
}

const FOREIGN =
  'the Secret holds a certificate that Pullgate did not make: name another Secret, or mount this one and use --tls-cert and --tls-key'
const UNEXPECTED = 'the shared certificate cannot be made or served'

/** Ends a look; the message is for the operator. */
class Problem extends Error {}

function authoritiesIn(bundle: BundleReading): X509Certificate[] {
  return bundle.status === 'found' ? splitBundle(bundle.bundles.join('\n')) : []
}

function trustIn(serving: Generation | null, bundle: BundleReading): Trust {
  if (serving === null || bundle.status !== 'found') return { status: 'unknown' }
  const isTrusted = bundle.bundles.every((pem) =>
    splitBundle(pem).some((ca) => issued(ca, serving.leaf)),
  )
  return { status: isTrusted ? 'trusted' : 'untrusted' }
}

function same(pem: string, wanted: readonly X509Certificate[]): boolean {
  const found = new Set(splitBundle(pem).map((ca) => ca.fingerprint256))
  return (
    found.size === wanted.length && wanted.every((ca) => found.has(ca.fingerprint256))
  )
}

import { LRUCache } from 'lru-cache'
import { buildKeyring } from '../credentials/keyring.ts'
import type { Keyring } from '../credentials/keyring.ts'
import { createNodeCredentialHostMatcher } from '../credentials/node-credential-hosts.ts'
import { readPullSecret } from '../credentials/pull-secret.ts'
import type { ClusterFacts, PodFacts } from './cluster-facts.ts'
import { createNodeCredentialLearner } from './learn-node-credentials.ts'
import type { CachedLookup } from './lookup-cache.ts'
import { createNodeCredentialFiles } from './node-credential-files.ts'
import type { NodeCredentialFiles } from './node-credential-files.ts'
import type { NodeCredentialEvidence } from './node-credentials.ts'
import type { PredictionSettings } from './prediction-settings.ts'

export interface NodeCredentialsOptions {
  settings: PredictionSettings
  facts: ClusterFacts
  lookups: CachedLookup
  /** Monotonic clock in milliseconds. */
  now: () => number
  /** What credential provider plugins get to see of the environment; nothing unless given. */
  env?: Readonly<Record<string, string | undefined>>
  /** Told in one line of what an operator should know. */
  onNotice: (notice: string) => void
  /** Told each time that running Pods show that the nodes have credentials of their own for a registry host. */
  onLearned?: (registry: string) => void
}

export interface NodeCredentials {
  /** What the nodes add to the pull secrets for an image (registry and repository), in the kubelet's order. */
  keyrings: (image: string, signal: AbortSignal) => Promise<Keyring[]>
  /** What is known about credentials of the nodes for an image (registry and repository). */
  evidenceFor: (image: string, signal: AbortSignal) => Promise<NodeCredentialEvidence>
}

/** Images whose providers' doubts are remembered from the attempt to its explanation. */
const MAX_DOUBTED_IMAGES = 1_000
/** Hosts whose discovery is told of once in the log. */
const MAX_TOLD_HOSTS = 1_000

/** The credentials that nodes have beside pull secrets: listed hosts, what the operator hands us, and what Pods show. */
export async function createNodeCredentials(
  options: NodeCredentialsOptions,
): Promise<NodeCredentials> {
  const { settings, env = {}, now, onNotice } = options
  const { learn, complete } = settings.nodeCredentials
  const listed = createNodeCredentialHostMatcher(settings.nodeCredentialHosts)
  const files = createNodeCredentialFiles({
    settings: settings.nodeCredentials,
    env,
    now,
    onNotice,
  })
  const told = new LRUCache<string, true>({ max: MAX_TOLD_HOSTS })
  const learner = createNodeCredentialLearner({
    ...options,
    preloadedImages: settings.preloadedImages,
    secretMatches: (pod, repository, signal) =>
      settings.secrets === 'none' && pod.pullSecrets.length > 0
        ? Promise.resolve(null)
        : podSecretMatches(options.facts, pod, repository, signal),
    onLearned(registry) {
      options.onLearned?.(registry)
      if (told.has(registry)) return
      told.set(registry, true)
      onNotice(
        `nodes evidently have credentials of their own for ${registry}: running Pods without a matching pull secret use private images of it, so 401 and 403 of it only warn`,
      )
    },
  })
  const doubted = new LRUCache<string, string[]>({ max: MAX_DOUBTED_IMAGES })
  // Read once now, so that a file that cannot be used is told of at the start.
  await Promise.all([files.dockerConfig(), files.providers()])
  return {
    async keyrings(image, signal) {
      const config = await files.dockerConfig()
      const providers = await files.providers()
      const keyrings = config.status === 'usable' ? [config.value] : []
      if (providers.status !== 'usable') return keyrings
      const { keyring, doubts } = await providers.value.run.answer(image, signal)
      if (doubts.length > 0) doubted.set(image, doubts)
      else doubted.delete(image)
      return [...keyrings, keyring]
    },
    async evidenceFor(image, signal) {
      const registry = image.split('/')[0] ?? image
      const pattern = listed(registry)
      if (pattern !== null) return listedEvidence(registry, pattern)
      const configured = await fromFiles(image, {
        files,
        complete,
        doubts: doubted.get(image) ?? [],
      })
      if (configured !== null) return { kind: 'configured', reason: configured }
      if (complete) return { kind: 'none' }
      if (!learn) {
        return {
          kind: 'not-looked-for',
          reason: `Whether nodes have credentials of their own for ${registry} is not looked for (nodeCredentials.learn is off).`,
        }
      }
      return learner.evidenceFor(registry, signal)
    },
  }
}

interface FromFilesOptions {
  files: NodeCredentialFiles
  complete: boolean
  doubts: readonly string[]
}

/**
 * Why the operator's files leave a refusal open; null when they do not. What an exec plugin says from our Pod is not what it
 * says on a node, and a docker config is conclusive only when the operator calls it complete.
 */
async function fromFiles(
  image: string,
  { files, complete, doubts }: FromFilesOptions,
): Promise<string | null> {
  const providers = await files.providers()
  if (providers.status === 'unusable')
    return "The configuration of the nodes' credential providers cannot be used here, so what they would give is not known."
  const names = providers.status === 'usable' ? providers.value.namesFor(image) : []
  if (names.length > 0) {
    const first = `Nodes ask the credential provider ${names.join(', ')} for this image, and what it says there cannot be seen from here.`
    return [first, ...doubts].join(' ')
  }
  const config = await files.dockerConfig()
  if (config.status === 'unusable')
    return 'The docker config of the nodes cannot be read here, so what it opens is not known.'
  if (complete || config.status === 'unset') return null
  return config.value.match(image).length > 0
    ? 'Nodes have credentials of their own for this image, and those that we were given need not be all.'
    : null
}

function listedEvidence(registry: string, pattern: string): NodeCredentialEvidence {
  return {
    kind: 'listed',
    reason: `Nodes usually have credentials of their own for ${registry} (${pattern}), which cannot be seen from here.`,
  }
}

/** null when one of the Pod's secrets cannot be read. A missing or broken one opens nothing. */
async function podSecretMatches(
  facts: ClusterFacts,
  pod: PodFacts,
  repository: string,
  signal: AbortSignal,
): Promise<boolean | null> {
  let unread = false
  for (const name of pod.pullSecrets.filter((each) => each !== '')) {
    const fact = await facts.secret(pod.namespace, name, { fresh: false, signal })
    if (fact.status === 'unknown') unread = true
    if (fact.status !== 'known') continue
    const reading = readPullSecret(fact.value)
    if (reading.status !== 'usable') continue
    if (buildKeyring([reading.source]).match(repository).length > 0) return true
  }
  return unread ? null : false
}

import { createBoundedCache, jsonBytes } from '../../cache/bounded-cache.ts'
import type { Keyring } from '../../credentials/keyring.ts'
import type { NodeFacts } from '../cluster-facts.ts'
import { hasLabels } from '../nodes/eligible-nodes.ts'
import { createNodeCredentialFiles } from './node-credential-files.ts'
import type {
  NodeCredentialFiles,
  NodeCredentialFilesOptions,
} from './node-credential-files.ts'
import type { NodeCredentialSettings } from '../prediction-settings.ts'

/** Images whose providers' doubts are remembered from the attempt to its explanation. */
const MAX_DOUBTED_IMAGES = 1_000
const MAX_DOUBTED_BYTES = 4_194_304

/** The credentials of every node, or of those with the labels of a nodeSelector, out of the operator's files. */
export interface CredentialPool {
  /** Empty: every node. */
  nodeSelector: Readonly<Record<string, string>>
  complete: boolean
  /** The operator named no file, so `keyrings` is always empty. */
  isEmpty: boolean
  /** Reads the files now, so that one that cannot be used is told of. */
  open: () => Promise<void>
  /** What nodes of the pool add for an image (registry and repository), in the kubelet's order. */
  keyrings: (image: string, signal: AbortSignal) => Promise<Keyring[]>
  /** Why the files leave a refusal of the image open, as a full sentence; null when they do not. */
  openness: (image: string) => Promise<string | null>
  /** Whether nodes of the pool have something for the image, or that cannot be told. */
  mayOpen: (image: string) => Promise<boolean>
}

/** Those of every node first. */
export function createCredentialPools(
  { pools = [], ...everyNode }: NodeCredentialSettings,
  options: Omit<NodeCredentialFilesOptions, 'settings'>,
): CredentialPool[] {
  return [{ ...everyNode, nodeSelector: {} }, ...pools].map((settings) => {
    const files = createNodeCredentialFiles({ ...options, settings })
    const doubted = createBoundedCache<string[]>({
      maxEntries: MAX_DOUBTED_IMAGES,
      maxBytes: MAX_DOUBTED_BYTES,
      sizeOf: jsonBytes,
    })
    const { nodeSelector, complete } = settings
    return {
      nodeSelector,
      complete,
      isEmpty: !files.areGiven,
      async open() {
        await Promise.all([files.dockerConfig(), files.providers()])
      },
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
      openness: (image) =>
        opennessOf(image, { files, complete, doubts: doubted.get(image) ?? [] }),
      async mayOpen(image) {
        const providers = await files.providers()
        if (providers.status === 'unusable') return true
        if (providers.status === 'usable' && providers.value.namesFor(image).length > 0)
          return true
        const config = await files.dockerConfig()
        if (config.status === 'unset') return false
        return config.status === 'unusable' || config.value.match(image).length > 0
      },
    }
  })
}

/** How many of the nodes that a Pod may land on a pool has. */
export type PoolReach = 'every-node' | 'some-nodes' | 'no-node' | 'unknown'

/** `nodes` is empty where the eligible nodes are not known, or there are none now. */
export function reachOf(
  { nodeSelector }: CredentialPool,
  nodes: readonly NodeFacts[],
): PoolReach {
  if (Object.keys(nodeSelector).length === 0) return 'every-node'
  if (nodes.length === 0) return 'unknown'
  const inside = nodes.filter((node) => hasLabels(node, nodeSelector)).length
  if (inside === 0) return 'no-node'
  return inside === nodes.length ? 'every-node' : 'some-nodes'
}

/** Whether the operator vouches for every node that a Pod may land on, by one pool or by several. */
export function isComplete(
  pools: readonly CredentialPool[],
  nodes: readonly NodeFacts[],
): boolean {
  const complete = pools.filter((pool) => pool.complete)
  if (complete.some((pool) => reachOf(pool, nodes) === 'every-node')) return true
  return (
    nodes.length > 0 &&
    nodes.every((node) =>
      complete.some(({ nodeSelector }) => hasLabels(node, nodeSelector)),
    )
  )
}

/** Why a refusal is open where some of the nodes have credentials that the others lack. */
export function describePartial(
  { nodeSelector }: CredentialPool,
  reach: 'some-nodes' | 'unknown',
): string {
  const selector = Object.entries(nodeSelector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
  return reach === 'some-nodes'
    ? `Some of the nodes that the Pod may land on (${selector}) have credentials of their own for this image, and the others need not.`
    : `Nodes with ${selector} have credentials of their own for this image, and whether the Pod lands there is not known.`
}

/**
 * What an exec plugin says from our Pod is not what it says on a node, and a docker config is conclusive only when the operator
 * calls it complete.
 */
async function opennessOf(
  image: string,
  {
    files,
    complete,
    doubts,
  }: { files: NodeCredentialFiles; complete: boolean; doubts: readonly string[] },
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

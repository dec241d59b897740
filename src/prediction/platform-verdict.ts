import { matchFallback, matchStrict } from '../registry/platform-matcher.ts'
import type { FoundManifest, PlatformEntry } from '../registry/lookup.ts'
import type { NodeFacts } from './cluster-facts.ts'
import type { Finding } from './finding.ts'

/** The platforms that matter, and how sure we are that no other will come. */
export interface WantedPlatforms {
  /** `os/architecture[/variant]`, with the number of eligible nodes of each; from the configuration the number is 0. */
  platforms: { platform: string; nodes: number }[]
  source: 'configuration' | 'nodes'
  /** Signs of an autoscaler that may bring nodes of another platform, as a full sentence; null when there are none. */
  autoscaler: string | null
}

/** Counts the platforms of eligible nodes. */
export function platformsOfNodes(nodes: readonly NodeFacts[]): WantedPlatforms {
  const counts = new Map<string, number>()
  for (const node of nodes) {
    if (node.os === '' || node.architecture === '') continue
    const platform = `${node.os}/${node.architecture}`
    counts.set(platform, (counts.get(platform) ?? 0) + 1)
  }
  return {
    platforms: [...counts].map(([platform, count]) => ({ platform, nodes: count })),
    source: 'nodes',
    autoscaler: autoscalerSign(nodes),
  }
}

/** Labels that only managed or autoscaled node pools carry. */
const POOL_LABELS: readonly string[] = [
  'karpenter.sh/nodepool',
  'karpenter.sh/provisioner-name',
  'eks.amazonaws.com/nodegroup',
  'alpha.eksctl.io/nodegroup-name',
  'cloud.google.com/gke-nodepool',
  'kubernetes.azure.com/agentpool',
  'agentpool',
  'node.openshift.io/os_id',
  'doks.digitalocean.com/node-pool',
]

function autoscalerSign(nodes: readonly NodeFacts[]): string | null {
  const label = POOL_LABELS.find((name) => nodes.some((node) => name in node.labels))
  if (label === undefined) return null
  return `Nodes carry the label ${label}, so an autoscaler may add nodes of another platform.`
}

/** What an index says about the wanted platforms (pull-semantics 5.1 and 5.3); null when there is nothing to say. */
export function explainPlatforms(
  image: string,
  found: FoundManifest,
  wanted: WantedPlatforms,
): Finding | null {
  if (found.kind !== 'index' || found.platforms === null) return null
  const entries = found.platforms
  if (entries.length === 0) return nothingRunnable(image)
  if (wanted.platforms.length === 0) return null
  const served = wanted.platforms.filter(({ platform }) =>
    serves(entries, platform, matchStrict),
  )
  if (served.length === wanted.platforms.length) return null
  const fallback = wanted.platforms.filter(
    (each) => !served.includes(each) && serves(entries, each.platform, matchFallback),
  )
  const available = listPlatforms(entries)
  if (served.length === 0 && fallback.length === 0)
    return mismatch(image, available, wanted)
  return partly(image, available, wanted, served)
}

function serves(
  entries: readonly PlatformEntry[],
  platform: string,
  matches: (entry: PlatformEntry, platform: string) => boolean,
): boolean {
  return entries.some((entry) => entry.os === null || matches(entry, platform))
}

function listPlatforms(entries: readonly PlatformEntry[]): string {
  const names = new Set(
    entries.map(({ os, architecture, variant }) =>
      [os, architecture, variant]
        .filter((part) => part !== null && part !== '')
        .join('/'),
    ),
  )
  return [...names].slice(0, 8).join(', ')
}

/** Catalogue row 65: no node of any platform finds itself in it. */
function nothingRunnable(image: string): Finding {
  return {
    cause: 'PlatformMismatch',
    certainty: 'certain',
    message: `${image} is an index without any runnable image: it is empty, or holds only attestations.`,
    advice: 'Push the image again, with its manifests for the platforms of the nodes.',
    doubts: [],
  }
}

function mismatch(image: string, available: string, wanted: WantedPlatforms): Finding {
  const nodes = wanted.platforms.map(({ platform }) => platform).join(', ')
  const whose =
    wanted.source === 'configuration'
      ? 'the nodes are configured to be'
      : 'every eligible node is'
  const doubts = wanted.autoscaler === null ? [] : [wanted.autoscaler]
  return {
    cause: 'PlatformMismatch',
    certainty: doubts.length === 0 ? 'certain' : 'uncertain',
    message: `${image} has ${available}, and ${whose} ${nodes}.`,
    advice: `Build and push it for ${nodes}, for example: docker buildx build --platform ${nodes.replaceAll(', ', ',')} --push ...`,
    doubts,
  }
}

function partly(
  image: string,
  available: string,
  wanted: WantedPlatforms,
  served: WantedPlatforms['platforms'],
): Finding {
  const missing = wanted.platforms.filter((each) => !served.includes(each))
  const total = wanted.platforms.reduce((sum, each) => sum + each.nodes, 0)
  const counts = missing.map(({ platform, nodes }) =>
    wanted.source === 'nodes'
      ? `${nodes} of ${total} eligible nodes are ${platform}`
      : platform,
  )
  const architectures = served
    .map(({ platform }) => platform.split('/')[1])
    .filter(Boolean)
  return {
    cause: 'PlatformPartlyServed',
    certainty: 'uncertain',
    message: `${counts.join(', ')}; ${image} has ${available}.`,
    advice:
      architectures.length > 0
        ? `Keep the Pod on nodes it can run on: nodeSelector kubernetes.io/arch: ${architectures[0]}`
        : 'Whether the nodes take another variant depends on the version of containerd.',
    doubts: [],
  }
}

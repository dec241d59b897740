import { normalizePlatform } from '../../registry/platform-matcher.ts'
import { matchesRequirement } from '../../workload/matches-requirement.ts'
import type { Placement, Workload } from '../../workload/workload.ts'
import { autoscalerSignIn, autoscalerSignOf } from './autoscaler.ts'
import type { AutoscalerSign, Fact, NodeFacts } from '../cluster-facts.ts'
import { eligibleNodes, nodesBehindTaints } from './eligible-nodes.ts'
import { once } from '../once.ts'

/** A platform and how many nodes have it. */
export interface PlatformCount {
  /** `os/architecture[/variant]` */
  platform: string
  /** 0 where the configuration names the platform. */
  nodes: number
}

/** The platforms that matter to one object, and what is known of the nodes they were read from. */
export interface WantedPlatforms {
  /** Most frequent first. */
  platforms: PlatformCount[]
  source: 'configuration' | 'nodes'
  /** Nodes the Pod may land on, those that do not tell their platform included. */
  eligible: number
  /** Eligible nodes that do not tell their platform: they may have any. */
  untold: number
  /** Nodes of the cluster; 0 where they are not known. */
  total: number
  /** Platforms of nodes that only taints keep away, where tolerations may still be added. */
  behindTaints: PlatformCount[]
  /** Builds of eligible Windows nodes, such as `10.0.20348`. */
  windowsBuilds: { build: string; nodes: number }[]
  /** A DaemonSet: a Pod on every eligible node. */
  everyNode: boolean
  /** Signs that other nodes may come, as a full sentence; null when there are none. Asked only before something is certain. */
  autoscaler: () => Promise<string | null>
}

export interface NodesSeen {
  workload: Pick<Workload, 'form' | 'placement'>
  /** Empty where they are not known. */
  nodes: readonly NodeFacts[]
  /** Of `nodes`, those the Pod may land on. */
  eligible: readonly NodeFacts[]
  /** Asks the cluster for signs beside the nodes'; null where it has none to ask. */
  autoscalerSigns: (() => Promise<Fact<AutoscalerSign[]>>) | null
}

/** What the eligible nodes want. */
export function platformsOfNodes(seen: NodesSeen): WantedPlatforms {
  const { workload, nodes, eligible, autoscalerSigns } = seen
  const { placement } = workload
  const platforms = countPlatforms(eligible)
  const told = platforms.reduce((sum, each) => sum + each.nodes, 0)
  return {
    platforms,
    source: 'nodes',
    eligible: eligible.length,
    untold: eligible.length - told,
    total: nodes.length,
    behindTaints: countPlatforms(nodesBehindTaints(workload, nodes)),
    windowsBuilds: countBuilds(eligible),
    everyNode: placement.everyNode,
    async autoscaler() {
      // A Pod that names its node does not wait for another.
      if (placement.nodeName !== null) return null
      const sign = autoscalerSignOf(nodes)
      if (sign !== null || autoscalerSigns === null) return sign
      return autoscalerSignIn(await autoscalerSigns())
    },
  }
}

/** What the configuration says, as far as the Pod's own selectors let it land there. */
export function platformsOfList(
  platforms: readonly string[],
  { placement }: Pick<Workload, 'placement'>,
): WantedPlatforms {
  return {
    platforms: platforms
      .filter((platform) => mayLandOn(placement, platform))
      .map((platform) => ({ platform, nodes: 0 })),
    source: 'configuration',
    eligible: 0,
    untold: 0,
    total: 0,
    behindTaints: [],
    windowsBuilds: [],
    everyNode: placement.everyNode,
    autoscaler: async () => null,
  }
}

/** The object may land where we know, on nothing: platforms cannot be judged. */
export function hasNoNode({
  source,
  eligible,
  total,
  platforms,
}: WantedPlatforms): boolean {
  return source === 'nodes' ? total > 0 && eligible === 0 : platforms.length === 0
}

/** Whether every node is what most clusters consist of. */
export function isCommon({ platforms, untold }: WantedPlatforms): boolean {
  return untold === 0 && platforms.every(({ platform }) => platform === 'linux/amd64')
}

function countPlatforms(nodes: readonly NodeFacts[]): PlatformCount[] {
  // For every review of a cluster of thousands: their names are put together once a platform, and not once a node.
  const counts = new Map<string, Map<string, number>>()
  for (const { os, architecture } of nodes) {
    if (os === '' || architecture === '') continue
    const ofOs = counts.get(os) ?? new Map<string, number>()
    counts.set(os, ofOs)
    ofOs.set(architecture, (ofOs.get(architecture) ?? 0) + 1)
  }
  return [...counts]
    .flatMap(([os, ofOs]) =>
      [...ofOs].map(([architecture, count]) => ({
        platform: `${os}/${architecture}`,
        nodes: count,
      })),
    )
    .toSorted((a, b) => b.nodes - a.nodes)
}

/** A Windows node gives its build as the kernel's version: `10.0.20348.2113`. */
function countBuilds(nodes: readonly NodeFacts[]): WantedPlatforms['windowsBuilds'] {
  const counts = new Map<string, number>()
  for (const { os, kernelVersion } of nodes) {
    const build = os === 'windows' ? buildOf(kernelVersion) : null
    if (build !== null) counts.set(build, (counts.get(build) ?? 0) + 1)
  }
  return [...counts].map(([build, count]) => ({ build, nodes: count }))
}

/** `10.0.20348` of `10.0.20348.2113`; null for anything else. */
export function buildOf(version: string): string | null {
  return /^(\d{1,3}\.\d{1,3}\.\d{1,6})(?:\.|$|\s)/.exec(version)?.[1] ?? null
}

/** By the labels that tell a platform; every other label may be there. */
function mayLandOn(placement: Placement, platform: string): boolean {
  const [givenOs = '', givenArchitecture = ''] = platform.split('/')
  // Nodes are labelled amd64 and arm64, whatever the operator calls them.
  const { os, architecture } = normalizePlatform(givenOs, givenArchitecture, '')
  const labels = new Map([
    ['kubernetes.io/os', os],
    ['beta.kubernetes.io/os', os],
    ['kubernetes.io/arch', architecture],
    ['beta.kubernetes.io/arch', architecture],
  ])
  if (placement.os !== null && placement.os !== os) return false
  const selected = Object.entries(placement.nodeSelector).every(
    ([key, value]) => (labels.get(key) ?? value) === value,
  )
  if (!selected) return false
  const affinity = placement.requiredNodeAffinity
  if (affinity === null) return true
  return affinity.some(({ matchExpressions }) =>
    matchExpressions.every(
      (each) => !labels.has(each.key) || matchesRequirement(each, labels.get(each.key)),
    ),
  )
}

/** The nodes an object may land on and what they want; computed once for all images of the object. */
export interface NodeView {
  nodes: () => Promise<Fact<readonly NodeFacts[]>>
  /** Empty where they are not known. */
  eligible: () => Promise<readonly NodeFacts[]>
  /**
   * Those that are not eligible now and may become so: behind taints, where tolerations may still be added; and all, where
   * none is eligible.
   */
  later: () => Promise<readonly NodeFacts[]>
  wanted: () => Promise<WantedPlatforms>
}

export function createNodeView(
  workload: Workload,
  options: {
    /** `auto`, or what the operator says the nodes are. */
    platforms: 'auto' | string[]
    nodes: () => Promise<Fact<readonly NodeFacts[]>>
    autoscalerSigns: NodesSeen['autoscalerSigns']
  },
): NodeView {
  const { platforms, autoscalerSigns } = options
  const nodes = once(options.nodes)
  const eligible = once(async () => {
    const fact = await nodes()
    return fact.status === 'known' ? eligibleNodes(workload.placement, fact.value) : []
  })
  const later = once(async () => {
    const fact = await nodes()
    if (fact.status !== 'known') return []
    return (await eligible()).length === 0
      ? fact.value
      : nodesBehindTaints(workload, fact.value)
  })
  const wanted = once(async () => {
    if (platforms !== 'auto') return platformsOfList(platforms, workload)
    const fact = await nodes()
    return platformsOfNodes({
      workload,
      nodes: fact.status === 'known' ? fact.value : [],
      eligible: await eligible(),
      autoscalerSigns,
    })
  })
  return { nodes, eligible, later, wanted }
}

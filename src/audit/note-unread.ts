import type { ClusterFacts, Fact } from '../prediction/cluster-facts.ts'
import { printable } from '../text/printable.ts'

export interface NotedFacts {
  facts: ClusterFacts
  /** What was asked for and could not be read, as one line; null where everything was. */
  unread: () => string | null
}

/** In the order in which they are told. Where else a Secret is only embellishes an advice, so it is not among them. */
const ORDER = [
  ['namespace', 'Namespaces'],
  ['serviceAccount', 'service accounts'],
  ['secret', 'Secrets'],
  ['nodes', 'nodes'],
  ['autoscalerSigns', 'signs of an autoscaler'],
  ['podsUsingRegistry', 'Pods'],
  ['podMutators', 'mutating webhooks'],
] as const

type Kind = (typeof ORDER)[number][0]

const MAX_REASONS = 3
const MAX_CHARACTERS = 700

/** Facts that remember what could not be had: a gate that sees nothing of its cluster denies little, and looks green. */
export function noteUnread(facts: ClusterFacts): NotedFacts {
  const reasons = new Map<Kind, string>()

  async function noted<T>(kind: Kind, asked: Promise<Fact<T>>): Promise<Fact<T>> {
    const fact = await asked
    if (fact.status === 'unknown' && !reasons.has(kind)) reasons.set(kind, fact.reason)
    return fact
  }

  return {
    facts: {
      ...facts,
      namespace: (...args) => noted('namespace', facts.namespace(...args)),
      serviceAccount: (...args) => noted('serviceAccount', facts.serviceAccount(...args)),
      secret: (...args) => noted('secret', facts.secret(...args)),
      nodes: (...args) => noted('nodes', facts.nodes(...args)),
      autoscalerSigns: async (...args) =>
        facts.autoscalerSigns === undefined
          ? { status: 'absent' }
          : noted('autoscalerSigns', facts.autoscalerSigns(...args)),
      podsUsingRegistry: (...args) =>
        noted('podsUsingRegistry', facts.podsUsingRegistry(...args)),
      podMutators: (...args) => noted('podMutators', facts.podMutators(...args)),
    },
    unread: () => (reasons.size === 0 ? null : lineOf(reasons)),
  }
}

function lineOf(reasons: ReadonlyMap<Kind, string>): string {
  const kindsOf = new Map<string, string[]>()
  for (const [kind, words] of ORDER) {
    const reason = reasons.get(kind)
    if (reason !== undefined) kindsOf.set(reason, [...(kindsOf.get(reason) ?? []), words])
  }
  const parts = [...kindsOf].map(([reason, kinds]) => `${kinds.join(', ')}: ${reason}`)
  const more = parts.length - MAX_REASONS
  const shown = parts.slice(0, MAX_REASONS).join('; ')
  return printable(
    `Could not be read in the cluster, and what rests on it only warns: ${shown}${more > 0 ? `; and ${more} more` : ''}.`,
    MAX_CHARACTERS,
  )
}

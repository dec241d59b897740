import type { Front, Script } from './front.ts'
import type { Fault } from './lane.ts'
import type { Link, LinkState } from './link.ts'
import type { ResolverState } from './resolver.ts'

/** What hangs is felt at the deadline of a review; the C library waits on after nonsense too. */
const PAST_DEADLINE_MS = 12_000
const HANGING: ReadonlySet<LinkState | ResolverState> = new Set([
  'silent',
  'drip',
  'garbage',
])

export function holdOf(state: LinkState | ResolverState): number | undefined {
  return HANGING.has(state) ? PAST_DEADLINE_MS : undefined
}

export function linkFault(link: Link, state: LinkState, name: string): Fault {
  const heal = (): Promise<void> => link.set('well')
  return { name, inject: () => link.set(state), heal, holdMs: holdOf(state) }
}

export function scriptFault(front: Front, name: string, script: Script): Fault {
  return {
    name,
    inject() {
      front.script = script
    },
    heal() {
      front.script = null
    },
  }
}

import type { NodeFacts } from '../cluster-facts.ts'
import type { RuntimeProfile } from '../prediction-settings.ts'

/** What the container runtimes of the eligible nodes mean for verdicts that are containerd's. */
export interface RuntimeView {
  /** Eligible nodes with another runtime, as the start of a sentence; null when there are none or the profile is set. */
  foreign: string | null
  /** Every node the Pod may land on is known to run containerd 2.1 or later (rows 60 and 63 differ before). */
  allContainerd21: boolean
}

/** `containerRuntimeVersion` is such as `containerd://2.1.4` or `cri-o://1.33.0`. */
export function viewRuntimes(
  profile: RuntimeProfile,
  nodes: readonly NodeFacts[],
): RuntimeView {
  if (profile !== 'auto') {
    return { foreign: null, allContainerd21: profile === 'containerd-2.1' }
  }
  const foreign = nodes
    .map(({ containerRuntimeVersion }) => containerRuntimeVersion)
    .filter((version) => version !== '' && !version.startsWith('containerd://'))
  const names = [...new Set(foreign.map((version) => version.split('://')[0]))].join(', ')
  return {
    foreign:
      foreign.length === 0
        ? null
        : `${foreign.length} of ${nodes.length} eligible nodes run ${names}`,
    allContainerd21: nodes.length > 0 && nodes.every(isContainerd21),
  }
}

function isContainerd21({ containerRuntimeVersion }: NodeFacts): boolean {
  const match = /^containerd:\/\/v?(\d{1,4})\.(\d{1,4})/.exec(containerRuntimeVersion)
  if (!match) return false
  const [major, minor] = [Number(match[1]), Number(match[2])]
  return major > 2 || (major === 2 && minor >= 1)
}

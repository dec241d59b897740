import type { NodeFacts } from '../../src/prediction/cluster-facts.ts'

/** A node of linux/amd64 with containerd 2.1. */
export function node(changes: Partial<NodeFacts> = {}): NodeFacts {
  return {
    name: 'n1',
    os: 'linux',
    architecture: 'amd64',
    labels: { pool: 'web', size: '8' },
    taints: [],
    unschedulable: false,
    ready: true,
    containerRuntimeVersion: 'containerd://2.1.4',
    kubeletVersion: 'v1.34.1',
    osImage: '',
    kernelVersion: '',
    images: [],
    ...changes,
  }
}

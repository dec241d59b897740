import { fakeApiServer } from '../test/cluster-facts/fake-api-server.ts'
import { NAMESPACE } from './reviews.ts'
import type { World } from './world.ts'

/**
 * Of each Node. One less than a kubelet tells of at most: a list of 50 may be cut, and then a missing image could be on that Node,
 * so that nothing would be denied.
 */
const LISTED_IMAGES = 49

/** The part of the Kubernetes API that is read, with a cluster of so many nodes. */
export async function startApiServer(
  world: World,
  { nodes: count }: { nodes: number },
): Promise<{ kubeconfig: string }> {
  const nodes = Array.from({ length: count }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: `node-${index}`,
      labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
    },
    status: {
      nodeInfo: {
        operatingSystem: 'linux',
        architecture: 'amd64',
        containerRuntimeVersion: 'containerd://2.1.4',
      },
      images: Array.from({ length: LISTED_IMAGES }, (__, image) => ({
        names: [`registry.acme.test/team/app-${image}:1.${index % 10}`],
        sizeBytes: 1,
      })),
    },
  }))
  const { url } = await fakeApiServer(world, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: NAMESPACE },
    },
    ...nodes,
  ])
  return { kubeconfig: kubeconfigFor(url) }
}

function kubeconfigFor(url: URL): string {
  const name = 'bench'
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: {
          server: url.href.replace(/\/$/, ''),
          'insecure-skip-tls-verify': true,
        },
      },
    ],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  })
}

import type { NodeFacts } from '../cluster-facts.ts'

/** Every node of a minikube cluster carries these (minikube.k8s.io/version and others beside it). */
const MINIKUBE_LABEL = 'minikube.k8s.io/name'

/**
 * Names that only the tools give: minikube's first node, k3d's `k3d-<cluster>-server-0`, kind's default cluster, and the
 * desktop products, whose nodes share the image store of the developer's own builds.
 */
const NODE_NAMES = [
  /^minikube(-m\d+)?$/,
  /^k3d-.+-(server|agent)-\d+$/,
  /^kind-(control-plane|worker)\d*$/,
  /^docker-desktop$/,
  /^lima-rancher-desktop$/,
  /^colima(-.+)?$/,
  /^orbstack$/,
]

/**
 * Whether this is a cluster on a developer's machine, where images are loaded from the side (`kind load`, `minikube image
 * load`, `k3d image import`) and no registry needs to have them (pull-semantics 2.4: side-loaded images are the main source
 * of false positives). One such node is enough.
 */
export function isDevelopmentCluster(nodes: readonly NodeFacts[]): boolean {
  return nodes.some(
    ({ name, labels, providerID }) =>
      // kind sets the providerID whatever the cluster is called.
      providerID?.startsWith('kind://') === true ||
      labels[MINIKUBE_LABEL] !== undefined ||
      NODE_NAMES.some((pattern) => pattern.test(name)),
  )
}

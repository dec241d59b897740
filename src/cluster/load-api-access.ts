import type { Cluster, KubeConfig } from '@kubernetes/client-node'

import { printable } from '../text/printable.ts'
import { ClusterNotConfigured, type ApiAccess } from './api-access.ts'
import { kubeconfigCredentials } from './kubeconfig-credentials.ts'
import { loadKubeconfig, type LoadKubeconfigOptions } from './load-kubeconfig.ts'

export interface LoadApiAccessOptions extends LoadKubeconfigOptions {
  /** Of the kubeconfig; null for its current one. */
  context: string | null
}

/**
 * Discovery and credentials as kubectl finds them: client-node's KubeConfig, which re-reads a service account's token file
 * every minute and runs exec plugins. Loaded only here, as the package costs 0.4 s and 85 MB.
 * Throws ClusterNotConfigured.
 */
export async function loadApiAccess({
  context,
  ...options
}: LoadApiAccessOptions): Promise<ApiAccess> {
  const config = await loadKubeconfig(options)
  if (context !== null) config.setCurrentContext(context)
  const cluster = currentCluster(config)
  return {
    server: urlOf(cluster.server, 'server'),
    proxy: cluster.proxyUrl === undefined ? null : urlOf(cluster.proxyUrl, 'proxy-url'),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? null,
    credentials: kubeconfigCredentials(config),
  }
}

function currentCluster(config: KubeConfig): Cluster {
  // Files need not hold what the type says.
  const name: string | undefined = config.getCurrentContext()
  if (!name) throw new ClusterNotConfigured('the kubeconfig has no current context')
  const context = config.getContextObject(name)
  if (context === null) {
    throw new ClusterNotConfigured(`the kubeconfig has no context ${quoted(name)}`)
  }
  const cluster = config.getCluster(context.cluster)
  if (cluster === null) throw lacking('cluster', context.cluster, name)
  // loadFromDefault invents http://localhost:8080 when it finds nothing.
  if (cluster.server === 'http://localhost:8080') {
    throw new ClusterNotConfigured('no kubeconfig and no service account was found')
  }
  if (cluster.server.startsWith('http:') && !cluster.skipTLSVerify) {
    // Else KubeConfig refuses every single call.
    throw new ClusterNotConfigured(
      'the API server is reached by plain HTTP: set insecure-skip-tls-verify in the kubeconfig',
    )
  }
  if (context.user && config.getUser(context.user) === null)
    throw lacking('user', context.user, name)
  return cluster
}

function lacking(kind: string, name: string, context: string): ClusterNotConfigured {
  return new ClusterNotConfigured(
    `the kubeconfig has no ${kind} ${quoted(name)}, which its context ${quoted(context)} names`,
  )
}

function quoted(name: unknown): string {
  return `"${printable(String(name), 100)}"`
}

/** The URL of a proxy may hold a password. */
function urlOf(text: string, field: string): URL {
  const url = URL.parse(text)
  if (url !== null) return url
  throw new ClusterNotConfigured(`the ${field} of the kubeconfig's cluster is no URL`)
}

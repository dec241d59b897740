import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'

import { errorCode } from '../text/error-code.ts'
import { systemTrouble } from '../text/system-trouble.ts'
import {
  ClusterNotConfigured,
  type ApiAccess,
  type ApiCredentials,
} from './api-access.ts'

export interface LoadApiAccessOptions {
  /** A kubeconfig file; null for KUBECONFIG, ~/.kube/config or the Pod's own service account, in this order. */
  kubeconfig: string | null
  /** Of the kubeconfig; null for its current one. */
  context: string | null
}

/**
 * Discovery and credentials as kubectl finds them: client-node's KubeConfig, which re-reads a service account's token file
 * every minute and runs exec plugins. Loaded only here, as the package costs 0.4 s and 85 MB.
 * Throws ClusterNotConfigured, and KubeConfig's own errors for a file that it cannot make sense of.
 */
export async function loadApiAccess({
  kubeconfig,
  context,
}: LoadApiAccessOptions): Promise<ApiAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  if (kubeconfig === null) config.loadFromDefault()
  else loadFile(config, kubeconfig)
  if (context !== null) {
    if (config.getContextObject(context) === null) {
      throw new ClusterNotConfigured(`the kubeconfig has no context "${context}"`)
    }
    config.setCurrentContext(context)
  }
  const cluster = config.getCurrentCluster()
  // loadFromDefault invents http://localhost:8080 when it finds nothing.
  if (cluster === null || cluster.server === 'http://localhost:8080') {
    throw new ClusterNotConfigured('no kubeconfig and no service account was found')
  }
  if (cluster.server.startsWith('http:') && !cluster.skipTLSVerify) {
    // Else KubeConfig refuses every single call.
    throw new ClusterNotConfigured(
      'the API server is reached by plain HTTP: set insecure-skip-tls-verify in the kubeconfig',
    )
  }
  return {
    server: new URL(cluster.server),
    proxy: cluster.proxyUrl === undefined ? null : new URL(cluster.proxyUrl),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? null,
    async credentials() {
      const options: RequestOptions = {}
      await config.applyToHTTPSOptions(options)
      return toCredentials(options)
    },
  }
}

function toCredentials(options: RequestOptions): ApiCredentials {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (typeof value === 'string') headers[name] = value
  }
  if (typeof options.auth === 'string') {
    headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`
  }
  const tls: ApiCredentials['tls'] = {}
  for (const field of ['ca', 'cert', 'key'] as const) {
    const pem = options[field]
    if (typeof pem === 'string' || Buffer.isBuffer(pem)) tls[field] = pem.toString()
  }
  if (options.servername !== undefined) tls.servername = options.servername
  if (options.rejectUnauthorized === false) tls.rejectUnauthorized = false
  return { headers, tls }
}

function loadFile(config: KubeConfig, file: string): void {
  try {
    config.loadFromFile(file)
  } catch (error) {
    // Only the file system's errors have a code; what the parser says names the place.
    if (errorCode(error) === null) throw error
    throw new ClusterNotConfigured(
      `the kubeconfig ${file} cannot be read: ${systemTrouble(error)}`,
    )
  }
}

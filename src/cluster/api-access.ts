/** How the API server is reached at this moment. Holds secrets: never logged. */
export interface ApiCredentials {
  /** Authorization and the like. */
  headers: Record<string, string>
  /** PEM texts for the connection. */
  tls: {
    ca?: string
    cert?: string
    key?: string
    servername?: string
    rejectUnauthorized?: boolean
  }
}

export interface ApiAccess {
  /** May have a path, as behind a Rancher proxy. */
  server: URL
  /** HTTP proxy on the way to the API server, from the kubeconfig's proxy-url. */
  proxy: URL | null
  /** Of the kubeconfig's context, or of the Pod that we run in; absent or null where neither names one. */
  namespace?: string | null
  /** Asked before every call, so that rotated tokens and certificates are taken up. Rejects when they cannot be read. */
  credentials(): Promise<ApiCredentials>
}

/** Credentials could not be had. The message tells whose fault it is and quotes nothing of them. */
export class CredentialsUnreadable extends Error {
  override readonly name = 'CredentialsUnreadable'
}

/** There is neither a kubeconfig nor a service account to reach a cluster with. */
export class ClusterNotConfigured extends Error {
  override readonly name = 'ClusterNotConfigured'
  readonly code = 'CLUSTER_NOT_CONFIGURED'
}

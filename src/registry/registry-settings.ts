/** What the operator says about one registry host. */
export interface RegistrySettings {
  /** Exact `host[:port]` as it stands in image references. */
  host: string
  /** Where that host is really reached, when it is not `https://<host>`. */
  endpoint: string | null
  /** PEM file with certificate authorities trusted for this host and for the token realm it announces. */
  caFile: string | null
  /** Client certificate and key files, for this host and its token realm. */
  clientCertFile: string | null
  clientKeyFile: string | null
  plainHttp: boolean
  /** Never contacted, always allowed. */
  skip: boolean
  /** A pull-through proxy: its 404 and 401 only warn. */
  proxy: boolean
  /** Nodes reach it through mirrors that we are not shown: origin failures only warn. */
  mirrored: boolean
  /** A GET of a manifest may be counted against a pull quota; never sent unless the operator allows it. Default: only Docker Hub. */
  countsManifestGets: boolean
}

/** CIDRs of the connect-time guard, beside its built-in list. */
export interface NetworkSettings {
  allow: string[]
  deny: string[]
}

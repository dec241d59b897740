/** Certificates of one trust domain. PEM texts, not file names. */
export interface TlsTrust {
  /** Authorities trusted beside (containerd: added to) the system's; empty for the system's alone. */
  ca: string[]
  clientCert: string | null
  clientKey: string | null
  /** skip_verify, and the loopback rule of pull-semantics 4.1. */
  skipVerify: boolean
}

/** One host that a node would ask for images of a registry (pull-semantics 4.1), in the order in which it would ask. */
export interface Endpoint {
  /** `https://registry-1.docker.io` or `http://mirror.acme.test:5000/prefix`; never with a trailing slash. */
  baseUrl: string
  /** Put between baseUrl and the repository: `/v2`, or nothing under `override_path`. */
  apiPath: '/v2' | ''
  via: 'origin' | 'mirror'
  /** The `ns` query of requests: the registry of the image reference wherever hosts.toml names another host than its own, else null. */
  namespace: string | null
  /** Whether tags may be resolved here (`resolve`), and whether content may be pulled (`pull`). */
  capabilities: { resolve: boolean; pull: boolean }
  trust: TlsTrust
  /** Extra headers of hosts.toml. */
  headers: Record<string, string>
  /** The same host over plain HTTP, tried after a TLS record error (loopback, and `http` with TLS options in hosts.toml); null elsewhere. */
  plainHttpFallback: string | null
  /** The operator named this address (endpoint, hosts.toml): the connect-time guard lets it through. */
  operatorChosen: boolean
}

/** Decides the endpoints of a registry; re-reads files it depends on as they change. */
export interface EndpointResolver {
  /** Every endpoint in order. `problem` tells of a configuration file that could not be used (unreadable CA and the like). */
  endpoints(registry: string): Promise<{ endpoints: Endpoint[]; problem: string | null }>
}

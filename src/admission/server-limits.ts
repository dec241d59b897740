/** What a client may take of a server, in bytes, milliseconds and connections. */
export interface ServerLimits {
  handshakeMs: number
  /** From the connection, or the first byte of a request, to the end of its head. */
  headersMs: number
  /** To the end of its body. */
  requestMs: number
  /** Between two requests on one connection. */
  keepAliveMs: number
  /** Without a byte in either direction while a request is under way: a client that does not read its answer. */
  stalledMs: number
  /** How often heads and bodies that take too long are looked for. */
  checkMs: number
  maxConnections: number
  maxBodyBytes: number
  /** All bodies together that are longer than most, while they arrive and while they are judged. */
  maxLargeBodiesBytes: number
}

const MEBIBYTE = 1024 * 1024

/** Of the port that takes reviews. The client is the API server. */
export const reviewLimits: ServerLimits = {
  handshakeMs: 10_000,
  headersMs: 10_000,
  // The API server allows a webhook 30 s at most.
  requestMs: 30_000,
  // Above the 90 s for which Go's transport, so the API server, keeps idle connections: never close under a request.
  keepAliveMs: 120_000,
  stalledMs: 60_000,
  checkMs: 5_000,
  // A cluster has a handful of API servers with some hundred requests under way each; an idle connection takes some 40 KiB.
  maxConnections: 2_000,
  // An object of at most 3 MiB (the API server's own limit of a request), twice on UPDATE, and the envelope.
  maxBodyBytes: 8 * MEBIBYTE,
  // Parsed, they take several times as much, of the 512 MiB that the manifests give.
  maxLargeBodiesBytes: 24 * MEBIBYTE,
}

/** Of the port for health and metrics. The clients are kubelets and Prometheus. */
export const healthLimits: ServerLimits = {
  ...reviewLimits,
  requestMs: 10_000,
  keepAliveMs: 30_000,
  stalledMs: 10_000,
  maxConnections: 200,
  maxBodyBytes: 1024,
}

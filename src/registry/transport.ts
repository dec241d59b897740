import type { Endpoint } from './endpoint.ts'
import type { NetworkFault, TlsFault } from './faults.ts'

/** One HTTP exchange. Redirects are not followed here; bodies are read to the end or to the cap. */
export interface HttpRequest {
  method: 'HEAD' | 'GET' | 'POST'
  url: URL
  headers: Record<string, string>
  body: string | null
  /** Whose trust, client certificate and exemption from the guard this exchange has. A token realm and a redirect target have the trust of the endpoint that announced them, but not its exemption. */
  endpoint: Endpoint
  /** False for hosts that a registry announced (realm, redirect): the guard then always checks the address. */
  operatorChosen: boolean
  /** Body bytes beyond this are not read; `truncated` says so. */
  maxBodyBytes: number
  signal: AbortSignal
}

interface HowSent {
  /** Nothing was sent, since the host is spared: this is how its last answer was. */
  unasked?: true
  /** How long the exchange itself took, from a transport that has requests wait for their turn. */
  tookMs?: number
}

export interface HttpResponse extends HowSent {
  kind: 'response'
  status: number
  /** Lower-case names; a header sent on several lines is an array. */
  headers: Record<string, string | string[] | undefined>
  body: Buffer
  truncated: boolean
  /** TLS with a verified certificate and no HTTP proxy between. */
  verified: boolean
}

/** An exchange never rejects: what went wrong is an answer. `host` is `host:port` as dialled. */
export type HttpAnswer = HowSent &
  (
    | HttpResponse
    | { kind: 'network'; fault: NetworkFault; host: string; detail: string }
    | { kind: 'tls'; fault: TlsFault; host: string; detail: string }
    | { kind: 'refused-address'; host: string }
    | { kind: 'interrupted' }
  )

export interface Transport {
  send(request: HttpRequest): Promise<HttpAnswer>
  /** Ends every connection. */
  close(): Promise<void>
}

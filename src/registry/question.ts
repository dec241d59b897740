import type { Endpoint } from './endpoint.ts'
import type { HttpRequest } from './transport.ts'

export type Purpose = 'manifest' | 'token' | 'tags' | 'config'

/** One request before its redirects. */
export interface Question {
  purpose: Purpose
  method: HttpRequest['method']
  url: URL
  /** Sent to every host on the way. */
  headers: Record<string, string>
  /** Sent to the first host and its sub-domains only: Authorization, and what hosts.toml adds. */
  privateHeaders: Record<string, string>
  body: string | null
  endpoint: Endpoint
  /** Whether the guard's exemption of the endpoint holds for the first hop. */
  operatorChosen: boolean
  maxBodyBytes: number
  signal: AbortSignal
}

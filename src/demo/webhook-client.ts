import { Agent, request } from 'undici'
import type { ShownResponse } from './as-kubectl.ts'

export interface WebhookClient {
  /** Sends one AdmissionReview as an API server does, and reads its answer. Rejects when there is none. */
  review(body: object): Promise<ShownResponse>
  close(): Promise<void>
}

/** `ca` is the PEM that the webhook configuration would carry as caBundle. */
export function createWebhookClient(url: string, ca: string): WebhookClient {
  const dispatcher = new Agent({ connect: { ca }, allowH2: false })
  return {
    async review(body) {
      const answer = await request(`${url}?timeout=5s`, {
        method: 'POST',
        dispatcher,
        headers: { 'content-type': 'application/json', accept: 'application/json, */*' },
        body: JSON.stringify(body),
      })
      return readResponse(await answer.body.json())
    },
    close: () => dispatcher.close(),
  }
}

function readResponse(body: unknown): ShownResponse {
  const response = field(body, 'response')
  const status = field(response, 'status')
  const warnings = field(response, 'warnings')
  const message = field(status, 'message')
  const reason = field(status, 'reason')
  return {
    allowed: field(response, 'allowed') === true,
    warnings: Array.isArray(warnings) ? warnings.map(String) : [],
    status:
      typeof message === 'string'
        ? { message, reason: typeof reason === 'string' ? reason : '' }
        : null,
  }
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.entries(value).find(([key]) => key === name)?.[1]
}

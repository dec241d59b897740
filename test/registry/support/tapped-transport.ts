import {
  createHttpTransport,
  defaultTransportLimits,
} from '../../../src/registry/http-transport.ts'
import { silentObserver } from '../../../src/registry/registry-observer.ts'
import type {
  HttpAnswer,
  HttpRequest,
  Transport,
} from '../../../src/registry/transport.ts'

/**
 * The real transport, with loopback let through, that remembers what it was asked to send and lets a test answer for hosts that
 * cannot be served here.
 */
export function tappedTransport(
  intercept: (request: HttpRequest) => HttpAnswer | null = () => null,
): Transport & { sent: HttpRequest[] } {
  const sent: HttpRequest[] = []
  const transport = createHttpTransport({
    network: { allow: ['127.0.0.0/8', '::1/128'], deny: [] },
    proxy: { httpProxy: null, httpsProxy: null, noProxy: null },
    limits: defaultTransportLimits,
    observer: silentObserver,
    now: () => performance.now(),
  })
  return {
    sent,
    send(request) {
      sent.push(request)
      const answer = intercept(request)
      return answer === null ? transport.send(request) : Promise.resolve(answer)
    },
    close: () => transport.close(),
  }
}

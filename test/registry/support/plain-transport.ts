import { request as httpRequest } from 'node:http'
import type {
  HttpAnswer,
  HttpRequest,
  Transport,
} from '../../../src/registry/transport.ts'

/** The least transport that serves scripted registries on loopback: plain HTTP, every answer as it comes. */
export function plainTransport(
  intercept: (request: HttpRequest) => HttpAnswer | null = () => null,
): Transport & { sent: HttpRequest[] } {
  const sent: HttpRequest[] = []
  return {
    sent,
    send(request) {
      sent.push(request)
      const answer = intercept(request)
      return answer === null ? exchange(request) : Promise.resolve(answer)
    },
    close: () => Promise.resolve(),
  }
}

function exchange({
  method,
  url,
  headers,
  body,
  maxBodyBytes,
  signal,
}: HttpRequest): Promise<HttpAnswer> {
  const { promise, resolve } = Promise.withResolvers<HttpAnswer>()
  const fail = (): void => {
    if (signal.aborted) return resolve({ kind: 'interrupted' })
    resolve({ kind: 'network', fault: 'connection-refused', host: url.host, detail: '' })
  }
  const outgoing = httpRequest(url, { method, headers, signal, agent: false })
  outgoing.on('error', fail)
  outgoing.on('response', (incoming) => {
    const chunks: Buffer[] = []
    incoming.on('error', fail)
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const whole = Buffer.concat(chunks)
      resolve({
        kind: 'response',
        status: incoming.statusCode ?? 0,
        headers: headersOf(incoming.headersDistinct),
        body: whole.subarray(0, maxBodyBytes),
        truncated: whole.length > maxBodyBytes,
        verified: false,
      })
    })
  })
  outgoing.end(body ?? undefined)
  return promise
}

function headersOf(
  distinct: NodeJS.Dict<string[]>,
): Record<string, string | string[] | undefined> {
  return Object.fromEntries(
    Object.entries(distinct).map(([name, lines]) => [
      name,
      lines?.length === 1 ? lines[0] : lines,
    ]),
  )
}

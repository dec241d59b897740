import type { Dispatcher } from 'undici'

/** A response with as much of its body as was asked for. */
export interface WholeResponse {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
  /** The body went on; the rest of it died with its connection. */
  truncated: boolean
}

export interface WholeResponseLimits {
  signal: AbortSignal
  maxBytes: number
}

/**
 * Sends one request and reads its answer to the end, or to the cap. Rejects with undici's error, or with the signal's reason as
 * soon as that fires, also while the request still waits for a connection.
 *
 * With undici's `dispatch` and no stream: what its `request` makes for each answer outlives the collector of the young generation,
 * and made an exchange cost 105 instead of 62 microseconds.
 */
export function wholeResponse(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  { signal, maxBytes }: WholeResponseLimits,
): Promise<WholeResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<WholeResponse>()
  const chunks: Buffer[] = []
  let length = 0
  let status = 0
  let headers: WholeResponse['headers'] = {}
  let controller: Dispatcher.DispatchController | null = null

  function giveUp(): void {
    controller?.abort(asError(signal.reason))
    reject(asError(signal.reason))
  }

  function finish(truncated: boolean): void {
    signal.removeEventListener('abort', giveUp)
    resolve({ status, headers, body: Buffer.concat(chunks), truncated })
  }

  signal.addEventListener('abort', giveUp, { once: true })
  try {
    dispatcher.dispatch(options, {
      onRequestStart(started) {
        controller = started
        if (signal.aborted) started.abort(asError(signal.reason))
      },
      onResponseStart(_controller, statusCode, responseHeaders) {
        // What is below 200 announces an answer and is none (RFC 9110, 15.2).
        status = statusCode
        headers = responseHeaders
      },
      onResponseData(running, chunk) {
        const room = maxBytes - length
        if (room > 0)
          chunks.push(chunk.byteLength > room ? chunk.subarray(0, room) : chunk)
        length += chunk.byteLength
        if (length <= maxBytes) return
        finish(true)
        running.abort(new Error('the answer is longer than was asked for'))
      },
      onResponseEnd: () => finish(false),
      onResponseError(_controller, error) {
        signal.removeEventListener('abort', giveUp)
        reject(error)
      },
    })
  } catch (error) {
    signal.removeEventListener('abort', giveUp)
    reject(asError(error))
  }
  return promise
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}

import { parseFields, type Fields } from '../json/fields.ts'
import { connectionFault, type ApiConnection } from './api-connection.ts'
import { fieldsOrEmpty } from './lenient-fields.ts'

/** One event of a watch; `object` of a BOOKMARK has nothing but a resourceVersion. */
export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  object: Fields
}

export interface WatchRequest {
  /** Of the list. */
  path: string
  /** From which on events are wanted. */
  resourceVersion: string
  /** How long the server goes on; it then ends the stream by itself. */
  timeoutSeconds: number
  /** A stream that is silent for this long is taken for dead: bookmarks come about every minute. */
  silenceMs: number
  signal: AbortSignal
  onOpen: () => void
  onEvent: (event: WatchEvent) => void
}

export type WatchEnd =
  /** By the server, as it does when the time is up: go on from the last resourceVersion. */
  | { status: 'ended' }
  /** 410: too old a resourceVersion; the list has to be read again. */
  | { status: 'expired' }
  /** `reason` may be shown to a user. */
  | { status: 'failed'; reason: string }

/** A Node with 50 images of 5 names each is some 100 kB. */
const MAX_EVENT_BYTES = 8 * 1024 * 1024

/** `GET ...?watch=1`: one JSON object a line (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes). */
export async function streamWatch(
  connection: ApiConnection,
  connectMs: number,
  request: WatchRequest,
): Promise<WatchEnd> {
  const silence = new AbortController()
  const signal = AbortSignal.any([request.signal, silence.signal])
  let timer = setTimeout(() => silence.abort(), connectMs)
  const heard = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => silence.abort(), request.silenceMs)
    timer.unref()
  }
  try {
    const response = await connection.request(
      { method: 'GET', path: request.path, query: queryOf(request) },
      signal,
    )
    if (response === null) return failed('the API server could not be asked in time')
    if (response.statusCode !== 200) {
      await response.body.dump()
      return endOf(response.statusCode)
    }
    heard()
    request.onOpen()
    return await readEvents(response.body as AsyncIterable<Buffer>, heard, request)
  } catch (error) {
    if (silence.signal.aborted) return failed('the API server went silent')
    return failed(connectionFault(error))
  } finally {
    clearTimeout(timer)
  }
}

function queryOf(request: WatchRequest): Record<string, string> {
  return {
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion: request.resourceVersion,
    timeoutSeconds: String(request.timeoutSeconds),
  }
}

async function readEvents(
  body: AsyncIterable<Buffer>,
  heard: () => void,
  request: WatchRequest,
): Promise<WatchEnd> {
  let rest: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    heard()
    let from = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...rest, chunk.subarray(from, end)]).toString('utf8')
      rest = []
      bytes = 0
      from = end + 1
      const over = take(line, request)
      if (over !== null) return over
    }
    rest.push(chunk.subarray(from))
    bytes += chunk.length - from
    if (bytes > MAX_EVENT_BYTES) return failed('the API server sent too long an event')
  }
  return { status: 'ended' }
}

/** Null when the stream goes on. */
function take(line: string, request: WatchRequest): WatchEnd | null {
  if (line.trim() === '') return null
  const event = parseFields(line)
  const object = fieldsOrEmpty(event?.object)
  switch (event?.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      request.onEvent({ type: event.type, object })
      return null
    case 'ERROR':
      return endOf(typeof object.code === 'number' ? object.code : 0)
    default:
      return failed('the API server sent an unreadable event')
  }
}

function endOf(code: number): WatchEnd {
  if (code === 410) return { status: 'expired' }
  if (code === 403) return failed('forbidden')
  return failed(`the API server answered ${code} to a watch`)
}

function failed(reason: string): WatchEnd {
  return { status: 'failed', reason }
}

import { isFields } from '../../src/json/fields.ts'
import { createClient } from '../../src/registry/registry-client.ts'
import { silentObserver } from '../../src/registry/registry-observer.ts'
import type { HttpAnswer, HttpRequest } from '../../src/registry/transport.ts'
import { endpointOf, requestFor } from '../registry/support/client-of.ts'
import { corpusOf, mutateAsJson } from './target.ts'
import type { Target } from './target.ts'

const PASSWORD = 'marked-password-9f2c'
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
/** More than any look-up takes with its redirects, tokens and pages. */
const MAX_REQUESTS = 60
const MAX_TEXT = 65_536

/**
 * A whole look-up, and the tags, against a registry that gives these answers in turn, the last one for ever. Throws for what must not be:
 * a rejection, requests without end, a credential where it may not go, text that is not printable or has no end.
 */
async function askRegistry(input: string): Promise<void> {
  const script = answersOf(input)
  const sent: HttpRequest[] = []
  const client = createClient({
    transport: {
      async send(request) {
        sent.push(request)
        if (sent.length > MAX_REQUESTS) throw new Error('there is no end of requests')
        checkCredential(request)
        return answerOf(script[Math.min(sent.length, script.length) - 1], request)
      },
      async close() {},
    },
    endpoints: {
      endpoints: async () => ({
        endpoints: [endpointOf('https://registry.acme.test', { operatorChosen: false })],
        problem: null,
      }),
    },
    settings: () => ({ countsManifestGets: false }),
    observer: silentObserver,
    now: () => 0,
    wallClock: () => 0,
    userAgent: 'pullgate',
  })
  const platforms = ['linux/amd64']
  for (const credential of [null, { username: 'robot', password: PASSWORD }]) {
    sent.length = 0
    const request = requestFor('1.0', credential)
    const result = await client.lookup({ ...request, platforms })
    checkTold(result)
    sent.length = 0
    await client.tags(request)
  }
  await client.close()
}

function answersOf(input: string): unknown[] {
  try {
    const value: unknown = JSON.parse(input)
    return Array.isArray(value) ? value : [value]
  } catch {
    return [{ status: 200, headers: {}, body: input }]
  }
}

function answerOf(
  value: unknown,
  { url, maxBodyBytes, method }: HttpRequest,
): HttpAnswer {
  const answer = isFields(value) ? value : {}
  const host = url.host
  if (answer['kind'] === 'network')
    return { kind: 'network', fault: 'connection-reset', host, detail: '' }
  if (answer['kind'] === 'tls') return { kind: 'tls', fault: 'expired', host, detail: '' }
  const { status, headers, body } = answer
  const whole = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body ?? ''))
  return {
    kind: 'response',
    status: typeof status === 'number' && status >= 100 && status <= 999 ? status : 200,
    headers: headersOf(headers),
    body: method === 'HEAD' ? Buffer.alloc(0) : whole.subarray(0, maxBodyBytes),
    truncated: whole.length > maxBodyBytes,
    verified: true,
  }
}

/** One line of bytes, as it can come from HTTP. */
function headerText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return Array.from(text)
    .filter((each) => each >= ' ' && each <= '\u00ff')
    .join('')
}

function headersOf(value: unknown): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (const [name, text] of Object.entries(isFields(value) ? value : {})) {
    const at = name.toLowerCase()
    if (!/^[a-z-]+$/.test(at)) continue
    headers[at] = Array.isArray(text) ? text.map(headerText) : headerText(text)
  }
  return headers
}

/** The registry is reached over https, so nothing of it may ever go over plain HTTP. */
function checkCredential({ url, headers, body }: HttpRequest): void {
  const text = JSON.stringify([headers, body])
  const basic = Buffer.from(`robot:${PASSWORD}`).toString('base64')
  if (!text.includes(basic) && !text.includes(PASSWORD)) return
  if (url.protocol !== 'https:') throw new Error(`a credential goes to ${url.protocol}`)
  const isToken = body !== null || url.searchParams.has('scope')
  if (!isToken && !/(?:^|\.)registry\.acme\.test$/.test(url.hostname))
    throw new Error(`a credential goes to ${url.hostname}`)
}

function checkTold(result: unknown): void {
  let length = 0
  JSON.stringify(result, (key, each: unknown) => {
    // The media type is kept as it came, and cleaned by whoever tells it.
    if (typeof each !== 'string' || key === 'mediaType') return each
    length += each.length
    if (each.includes(PASSWORD)) throw new Error('the password is told')
    if (UNPRINTABLE.test(each)) throw new Error('something told is not printable')
    return each
  })
  if (length > MAX_TEXT) throw new Error(`${length} characters are told`)
}

export const registries: Target = {
  name: 'registries',
  corpus: corpusOf('corpus/registries'),
  mutate: mutateAsJson,
  run: askRegistry,
}

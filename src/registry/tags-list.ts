import type { ClientContext } from './client-context.ts'
import type { LookupRequest, TagsResult } from './lookup.ts'
import { openSessions } from './open-sessions.ts'
import { parseRegistryErrors } from './registry-errors.ts'
import { headerLines } from './response-headers.ts'
import type { Session } from './session.ts'
import type { HttpResponse } from './transport.ts'
import { listField, parseUntrustedObject } from './untrusted-json.ts'

// ECR refuses a page of more than 1,000.
const PAGE_SIZE = 1_000
const MAX_PAGES = 10
const MAX_TAGS = 5_000
const MAX_PAGE_BYTES = 1_048_576
const NEXT_LINK = /^\s*<([^<>]{1,2000})>\s*;[^<>]*\brel="?next"?/i
const TAG = /^\w[\w.-]{0,127}$/

/**
 * The tags of a repository from the first host that lists them, at most ten pages and 5,000 tags. `complete` says whether those
 * are all; what a signal or an error leaves is still listed when a first page came.
 */
export async function listTags(
  context: ClientContext,
  request: LookupRequest,
): Promise<TagsResult> {
  const { sessions } = await openSessions(context, request, 'resolve')
  let unknown = 0
  for (const session of sessions) {
    const result = await listTagsAt(context, session)
    if (result.outcome === 'listed') return result
    if (result.outcome === 'no-repository') unknown++
  }
  const everyHostSaysSo = unknown > 0 && unknown === sessions.length
  return { outcome: everyHostSaysSo ? 'no-repository' : 'unavailable' }
}

async function listTagsAt(context: ClientContext, session: Session): Promise<TagsResult> {
  const tags = new Set<string>()
  let query: Record<string, string> = { n: String(PAGE_SIZE) }
  for (let page = 0; page < MAX_PAGES && tags.size < MAX_TAGS; page++) {
    const answer = await context.requests.ask(session, {
      purpose: 'tags',
      method: 'GET',
      path: 'tags/list',
      query,
      accept: 'application/json',
      maxBodyBytes: MAX_PAGE_BYTES,
    })
    const found = answer.kind === 'response' ? readPage(answer.response) : null
    if (answer.kind !== 'response') break
    if (found === null) {
      if (tags.size === 0 && saysNoRepository(answer.response))
        return { outcome: 'no-repository' }
      break
    }
    for (const tag of found) tags.add(tag)
    const next = nextPage(answer.response, answer.url)
    if (next === 'none') return listed(tags, tags.size <= MAX_TAGS)
    if (next === 'elsewhere') break
    query = next
  }
  return tags.size === 0 ? { outcome: 'unavailable' } : listed(tags, false)
}

function listed(tags: Set<string>, complete: boolean): TagsResult {
  return { outcome: 'listed', tags: [...tags].slice(0, MAX_TAGS), complete }
}

function readPage({ status, truncated, body }: HttpResponse): string[] | null {
  if (status !== 200 || truncated) return null
  const document = parseUntrustedObject(body)
  if (document === null) return null
  return listField(document, 'tags').filter(
    (tag) => typeof tag === 'string' && TAG.test(tag),
  ) as string[]
}

/** Registries that answer MANIFEST_UNKNOWN for any missing manifest (docker-registry) tell a missing repository here. */
function saysNoRepository({ status, body }: HttpResponse): boolean {
  return (
    status === 404 &&
    parseRegistryErrors(body).some(({ code }) => code === 'NAME_UNKNOWN')
  )
}

/**
 * The query of the next page from `Link: <...>; rel="next"` (distribution spec, "Listing Tags"). `elsewhere` when it leads to another host or
 * path, or nowhere new: only the place that was asked is asked on.
 */
function nextPage(
  response: HttpResponse,
  url: URL,
): Record<string, string> | 'none' | 'elsewhere' {
  const link = headerLines(response.headers, 'link').find((line) => NEXT_LINK.test(line))
  if (link === undefined) return 'none'
  const next = URL.parse(NEXT_LINK.exec(link)?.[1] ?? '', url)
  if (next === null || next.host !== url.host) return 'elsewhere'
  if (next.pathname !== url.pathname || next.search === url.search) return 'elsewhere'
  next.searchParams.delete('ns')
  return Object.fromEntries([...next.searchParams].slice(0, 16))
}

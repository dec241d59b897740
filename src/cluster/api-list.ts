import type { Fact } from '../prediction/cluster-facts.ts'
import type { Fields } from '../json/fields.ts'
import type { ApiClient } from './api-client.ts'
import { fieldsList, fieldsOrEmpty, textOrEmpty } from './lenient-fields.ts'

/** What `limit` asks for unless a request wants less. */
export const PAGE_SIZE = 500

export interface ListRequest {
  path: string
  query?: Record<string, string>
  accept?: string
  /** Objects of a page; PAGE_SIZE where it is absent. */
  pageSize?: number
  /** More pages than this make the list unknown: a part of it could be taken for the whole. */
  maxPages: number
}

/**
 * Every object of a list, page by page with `limit` and `continue`; `take` gets each, so that a page need not be kept.
 * A continue token that expired on the way (410) starts the list over, once. The value is the list's resourceVersion, from
 * which a watch goes on; empty where the server told none.
 */
export async function listObjects(
  client: ApiClient,
  request: ListRequest,
  collector: { reset(): void; take(object: Fields): void },
): Promise<Fact<string>> {
  let restarted = false
  let token = ''
  for (let page = 0; page < request.maxPages; page += 1) {
    const answer = await client.get({
      path: request.path,
      ...(request.accept === undefined ? {} : { accept: request.accept }),
      query: {
        ...request.query,
        limit: String(request.pageSize ?? PAGE_SIZE),
        ...(token === '' ? {} : { continue: token }),
      },
    })
    if (answer.status === 'expired' && !restarted) {
      restarted = true
      collector.reset()
      token = ''
      continue
    }
    if (answer.status !== 'ok') return unlisted(answer)
    for (const item of fieldsList(answer.object.items)) collector.take(item)
    const metadata = fieldsOrEmpty(answer.object.metadata)
    token = textOrEmpty(metadata.continue)
    if (token === '')
      return { status: 'known', value: textOrEmpty(metadata.resourceVersion) }
  }
  return { status: 'unknown', reason: 'there are too many to look at' }
}

function unlisted(
  answer: Exclude<Awaited<ReturnType<ApiClient['get']>>, { status: 'ok' }>,
): Fact<never> {
  if (answer.status === 'failed') return { status: 'unknown', reason: answer.reason }
  const reason =
    answer.status === 'expired'
      ? 'the list changed faster than it could be read'
      : 'the API server does not have this kind'
  return { status: 'unknown', reason }
}

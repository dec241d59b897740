import { met } from '../page.ts'
import type { Page } from '../page.ts'
import type { Sender } from '../reviews.ts'

const REPLICAS = 200

/** Whether the caches do not save what they should; test/performance/request-counts.test.ts asserts it. */
export async function replicas(
  page: Page,
  send: Sender,
  asked: () => number,
): Promise<boolean> {
  const image = 'plain1.acme.test/replicated:1'
  const before = asked()
  await Promise.all(Array.from({ length: REPLICAS }, () => send([image])))
  const first = asked() - before
  await send([image])
  const warm = asked() - before - first
  page.say(
    `${REPLICAS} replicas of one Pod at once: ${first} request(s), goal 1: ${met(first === 1)}. The same Pod again: ${warm}, goal 0: ${met(warm === 0)}.`,
  )
  page.say()
  return first !== 1 || warm !== 0
}

import { median, met } from '../page.ts'
import type { Page } from '../page.ts'
import type { Sender } from '../reviews.ts'

const REPLICAS = 200
const RUNS = 3

/**
 * What many replicas of one Pod cost a registry, and what they cost it again; test/performance/request-counts.test.ts asserts it.
 * They come over connections that are there, as an API server has them: two hundred TLS handshakes hold the server and the bench,
 * whose process is client and registry, up for longer than a look-up may be shared. Whether the goals are missed.
 */
export async function replicas(
  page: Page,
  send: Sender,
  asked: () => number,
): Promise<boolean> {
  const storm = (tag: string): Promise<number[]> =>
    Promise.all(
      Array.from({ length: REPLICAS }, () =>
        send([`plain1.acme.test/replicated:${tag}`]),
      ),
    )
  await storm('connects')
  const first: number[] = []
  const again: number[] = []
  const tookMs: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const before = asked()
    tookMs.push(Math.max(...(await storm(`${run}`))))
    first.push(asked() - before)
    await storm(`${run}`)
    again.push(asked() - before - (first.at(-1) ?? 0))
  }
  const [isOne, isNone] = [median(first) === 1, median(again) === 0]
  page.say(
    `${REPLICAS} replicas of one Pod at once, ${RUNS} times: ${first.join(', ')} request(s), goal 1: ${met(isOne)}. The same again: ${again.join(', ')}, goal 0: ${met(isNone)}. The slowest review took ${(Math.max(...tookMs) / 1000).toFixed(1)} s. A look-up under way is shared until it is 2 s old, since a denial may not rest on an older one: a machine that holds an answer up for longer makes it 2 requests.`,
  )
  page.say()
  return !isOne || !isNone
}

import { median, met } from '../page.ts'
import type { Page } from '../page.ts'
import { createSender } from '../reviews.ts'
import type { World } from '../world.ts'
import { CASES, DELAY_MS, node, startRegistries, warmUp } from './cold-cases.ts'
import { sayWhere } from './cold-profile.ts'
import type { MissedCase } from './cold-profile.ts'
import { replicas } from './replicas.ts'

const RUNS = 9
const WITHIN = 1.15

/** Goals that were missed: of time (c) and of requests (d). */
export interface ColdMissed {
  time: boolean
  requests: boolean
}

/** c and d: what a decision costs that no cache can answer, in round trips and in requests. */
export async function cold(page: Page, world: World): Promise<ColdMissed> {
  const { mapped, imagesOf, asked } = await startRegistries(world, CASES, RUNS)
  const webhook = await world.startWebhook({ registries: mapped, cluster: [node()] })
  const { send, close } = createSender(webhook.port, world.ca)
  await warmUp(send)
  page.say(`## Cold decisions, answers come after ${DELAY_MS} ms (c, d)`)
  page.say()
  page.say(
    `The registries speak plain HTTP on loopback and wait ${DELAY_MS} ms before each answer, which is what a round trip is here; connecting costs none, and there is no TLS.`,
  )
  page.say()
  const table = page.table([
    'What',
    'Round trips taken',
    'Ideal',
    'Ratio',
    `Within ${WITHIN}`,
    'Requests',
    'Goal',
    '',
  ])
  let isWasteful = false
  const slow: MissedCase[] = []
  for (const each of CASES) {
    const { name, ideal, isCounted = true } = each
    const before = asked()
    const took: number[] = []
    for (let run = 0; run < RUNS; run++) took.push(await send(imagesOf(each, run)))
    const tookMs = median(took)
    const trips = tookMs / DELAY_MS
    const ratio = trips / ideal
    const requests = (asked() - before) / RUNS
    const goal = ideal * imagesOf(each, 0).length
    const isQuick = ratio <= WITHIN
    const isFrugal = requests === goal
    if (!isQuick) slow.push({ missed: each, tookMs })
    isWasteful ||= isCounted && !isFrugal
    table.row(
      name,
      trips.toFixed(2),
      ideal,
      ratio.toFixed(2),
      met(isQuick),
      requests.toFixed(2),
      isCounted ? goal : '',
      isCounted ? met(isFrugal) : '',
    )
  }
  table.end()
  const isForgotten = await replicas(page, send, asked)
  await close()
  webhook.stop()
  await sayWhere(page, world, slow)
  return { time: slow.length > 0, requests: isWasteful || isForgotten }
}

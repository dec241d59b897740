import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { podReview } from '../support/admission-reviews.ts'
import { namespace, node } from '../support/cluster-manifests.ts'
import { startWebhook } from '../support/webhook.ts'

// Registries in trouble, seen through the whole webhook: what they are asked, what users read, and what an operator sees.

const MANIFEST = {
  'content-type': 'application/vnd.oci.image.manifest.v1+json',
  'docker-content-digest': `sha256:${'a'.repeat(64)}`,
  'content-length': '500',
}

async function registryThat(t: Test, answer: RequestListener) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { endpoint: `http://127.0.0.1:${port}`, close: () => server.close() }
}

/** Nothing listens there any more. */
async function closedEndpoint(t: Test): Promise<string> {
  const { endpoint, close } = await registryThat(t, () => {})
  close()
  return endpoint
}

async function inFrontOf(t: Test, endpoint: string) {
  const webhook = await startWebhook(t, {
    configuration: {
      mode: 'enforce',
      registries: [{ host: 'r.acme.test', endpoint }],
      network: { allow: ['127.0.0.1/32'] },
    },
    manifests: [node('node-1'), namespace('team-a')],
  })
  const submit = (images: string[]) =>
    webhook.review(podReview({ namespace: 'team-a', images }))
  const review = (...names: string[]) =>
    submit(names.map((name) => `r.acme.test/${name}`))
  /** The sum of all series of a metric that have these labels. */
  const metric = async (name: string, labels = ''): Promise<number> => {
    const { text } = await webhook.metricsPath('/metrics')
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) && line.includes(labels))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }
  const ready = async () => (await webhook.metricsPath('/readyz')).status
  return { log: webhook.log, ready, submit, review, metric }
}

function tags(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index))
}

const STATE = 'pullgate_registry_breaker_state'
const REQUESTS = 'pullgate_registry_requests_total'
/** As in defaultSparingLimits: so many find out, and then one in ten seconds. */
const FAILURES = 5
const INTERVAL_MS = 10_000

t.test('an outage costs a few requests, not one for each Pod', async (t) => {
  const { review, metric, ready, log } = await inFrontOf(t, await closedEndpoint(t))
  const startedMs = performance.now()

  const verdicts = await Promise.all(tags(300).map((tag) => review(`team/app:${tag}`)))

  const probes = Math.floor((performance.now() - startedMs) / INTERVAL_MS)
  t.ok(verdicts.every(({ action }) => action === 'warn'))
  // What was under way when it opened comes on top: sixteen at a time.
  const sent = await metric(REQUESTS)
  t.ok(sent <= FAILURES + 15 + probes, `${sent} requests`)
  t.equal(await metric(STATE), 2, 'it is left alone')
  t.ok((await metric('pullgate_registry_spared_total', 'reason="down"')) > 200)
  t.equal(await ready(), 200, 'which is not our unreadiness')

  const told = log.filter(({ msg }) => /never reachable from here/.test(String(msg)))
  t.equal(told.length, 1, 'an operator is told once')
  t.match(told[0], { level: 40, host: /^127\.0\.0\.1:\d+$/ })
})

t.test('users are told of it in one line an object', async (t) => {
  const { review } = await inFrontOf(t, await closedEndpoint(t))
  const images = tags(20).map((each) => `team/app-${each}:1`)
  await review(...images)

  const { action, warnings } = await review(...images.map((image) => `${image}.1`))

  t.equal(action, 'warn')
  t.equal(warnings.length, 1)
  t.match(
    warnings[0],
    /^container "c0": r\.acme\.test\/team\/app-0:1\.1 and 19 more images \[RegistryUnreachable\]: 127\.0\.0\.1:\d+ was never reachable from here, so its images are not verified\.$/,
  )
})

t.test('names that somebody makes up hide no registry that is down', async (t) => {
  const { endpoint } = await registryThat(t, (_request, response) =>
    response.writeHead(503).end(),
  )
  const { submit, review, metric } = await inFrontOf(t, endpoint)
  // Refused by the guard, which is quicker than names that do not resolve.
  const unreachable = (low: number) =>
    submit(tags(200).map((each) => `169.254.${low}.${each}/app:1`))
  const host = `host="${new URL(endpoint).host}"`

  await unreachable(1)
  for (const tag of tags(FAILURES + 1)) await review(`team/app:${tag}`)
  await unreachable(2)

  t.equal(await metric(STATE, host), 2)
  t.ok((await metric(REQUESTS, host)) >= FAILURES)
  t.ok((await metric('pullgate_registry_spared_total', host)) > 0)
  t.equal(await metric(REQUESTS, 'host="other"'), 400)
})

t.test('a storm of 500 images is smoothed', async (t) => {
  let under = 0
  let most = 0
  const { endpoint } = await registryThat(t, (_request, response) => {
    under++
    most = Math.max(most, under)
    setImmediate(() => {
      under--
      response.writeHead(200, MANIFEST).end()
    })
  })
  const { review, metric } = await inFrontOf(t, endpoint)

  const verdicts = await Promise.all(
    tags(25).map((pod) => review(...tags(20).map((tag) => `team/app-${pod}:${tag}`))),
  )

  t.ok(verdicts.every(({ action }) => action === 'allow'))
  t.equal(await metric(REQUESTS), 500)
  t.ok(most <= 16, `${most} at a time`)
  t.equal(await metric('pullgate_registry_queue_depth'), 0)
  t.equal(await metric(STATE), 0)
})

t.test('429 with Retry-After pauses the registry for everyone', async (t) => {
  let asked = 0
  const { endpoint } = await registryThat(t, (_request, response) => {
    asked++
    response.writeHead(429, { 'retry-after': '30' }).end()
  })
  const { review, metric, ready } = await inFrontOf(t, endpoint)
  const first = await review('team/app:1')
  t.equal(asked, 1)
  t.match(first.warnings, [/\[RateLimited\].* It asks to wait 30 seconds\./])

  const others = await Promise.all(tags(50).map((tag) => review(`team/other:${tag}`)))

  t.ok(others.every(({ action }) => action === 'warn'))
  t.ok(others.every(({ warnings }) => warnings[0]?.includes('[RateLimited]')))
  t.equal(asked, 1, 'nothing more is sent')
  const until = await metric('pullgate_registry_paused_until_timestamp_seconds')
  t.ok(until > Date.now() / 1000 && until <= Date.now() / 1000 + 31)
  t.ok((await metric('pullgate_registry_spared_total', 'reason="paused"')) >= 50)
  t.equal(await metric(STATE), 0, 'it is not down')
  t.equal(await ready(), 200)
})

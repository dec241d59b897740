import t from 'tap'
import { startApiServer } from '../../bench/api-server.ts'
import { whyNotAllAllowed } from '../../bench/all-allowed.ts'
import { startDelayedRegistry } from '../../bench/delayed-registry.ts'
import { createSender } from '../../bench/reviews.ts'
import { createWorld } from '../../bench/world.ts'

// That the bench measures what it says. Its figures are in docs/performance.md.

const found = (image: string) => ({ image, action: 'allow', digest: 'sha256:1' })
const report = (
  ...images: { image: string; action: string; digest: string | null }[]
) => ({
  results: images.map((each) => ({ images: [each] })),
  problems: [],
})

t.test('a run counts that looked up every image and allows all of them', async (t) => {
  const [one, other] = [found('a:1'), found('a:2')]

  t.equal(whyNotAllAllowed(report(one, other), 2), null)
  t.match(whyNotAllAllowed(report(one), 2), /1 of 2 images/)
  t.match(whyNotAllAllowed(report(one, one), 2), /1 of 2 images/, 'the same one twice')
  for (const action of ['warn', 'deny'])
    t.match(whyNotAllAllowed(report(one, { ...other, action }), 2), /of a:2/, action)
  t.match(
    whyNotAllAllowed(report(one, { ...other, digest: null }), 2),
    /of a:2/,
    'not looked up',
  )
  t.match(
    whyNotAllAllowed({ ...report(one, other), problems: ['interrupted'] }, 2),
    /interrupted/,
  )
})

t.test('what a soak asks for that is missing is denied, in either set-up', async (t) => {
  const world = await createWorld()
  t.teardown(() => world.end())
  const registry = await startDelayedRegistry(0)
  t.teardown(() => registry.close())
  const registries = [{ host: 'quick.acme.test', endpoint: registry.url }]
  const kubeconfig = await startApiServer(world, { nodes: 3 })
  for (const cluster of [[], kubeconfig]) {
    const webhook = await world.startWebhook({ registries, cluster })
    const { send, close } = createSender(webhook.port, world.ca)
    await send(['quick.acme.test/team/app:new-1'])
    await t.rejects(send(['quick.acme.test/team/app:missing-1']), /ImageNotFound/)
    await close()
    webhook.stop()
  }
})

import t from 'tap'
import type { Test } from 'tap'
import { startDemoRegistry } from '../../src/demo/demo-registry.ts'
import type { DemoImage } from '../../src/demo/registry-images.ts'
import { podReview } from '../support/admission-reviews.ts'
import type { AdmissionReview } from '../support/admission-reviews.ts'
import {
  dockerConfig,
  namespace,
  node,
  pullSecret,
  serviceAccount,
} from '../support/cluster-manifests.ts'
import type { Manifest } from '../support/cluster-manifests.ts'
import { startDockerRegistry } from '../support/docker-registry.ts'
import { withParts } from '../support/missing-parts.ts'
import { startTokenServer } from '../support/token-server.ts'
import { startWebhook } from '../support/webhook.ts'

// What a registry is asked for by the whole webhook over HTTPS. These numbers are promised, other than the times that
// docs/performance.md tells of.

const PASSWORD = 'correct-horse'
const image: DemoImage = { kind: 'image', platform: 'linux/amd64' }
const index: DemoImage = { kind: 'index', platforms: ['linux/amd64', 'linux/arm64'] }
const tags = { '1.0': image, '1.1': image, '2.0': index, '2.1': index }

function manifests(...more: Manifest[]) {
  const login = dockerConfig({
    'token.acme.test': `deployer:${PASSWORD}`,
    'basic.acme.test': `deployer:${PASSWORD}`,
  })
  return [
    node('node-1'),
    namespace('team-a'),
    serviceAccount('team-a', 'default', ['login']),
    pullSecret('team-a', 'login', login),
    ...more,
  ]
}

function aPod(images: readonly string[]): AdmissionReview {
  return podReview({ namespace: 'team-a', images, imagePullSecrets: ['login'] })
}

/** Judges a Pod of these images, so many times at once; the requests that all registries got for it. */
type Cost = (images: readonly string[], options?: { times?: number }) => Promise<string[]>

function costOf(
  review: (images: readonly string[]) => Promise<{ action: string }>,
  requests: () => string[],
): Cost {
  return async (images, { times = 1 } = {}) => {
    const before = requests().length
    await Promise.all(Array.from({ length: times }, () => review(images)))
    return requests().slice(before)
  }
}

async function onDemoRegistries(
  t: Test,
  more: object = {},
  nodes: Manifest[] = [],
): Promise<Cost> {
  const registry = await startDemoRegistry({
    content: {
      public: { 'team/app': { tags }, 'team/other': { tags } },
      token: {
        'team/app': { tags },
        'team/other': { tags },
        'team/open': { public: true, tags },
      },
      basic: { 'team/app': { tags }, 'team/other': { tags } },
    },
  })
  t.teardown(() => registry.close())
  const { endpoints } = registry
  const webhook = await startWebhook(t, {
    configuration: {
      mode: 'enforce',
      registries: [
        { host: 'open.acme.test', endpoint: endpoints.public.origin },
        { host: 'token.acme.test', endpoint: endpoints.token.origin },
        { host: 'basic.acme.test', endpoint: endpoints.basic.origin },
      ],
      network: { allow: ['127.0.0.1/32'] },
      ...more,
    },
    manifests: manifests(...nodes),
  })
  return costOf(
    (images) => webhook.review(aPod(images)),
    () =>
      registry.requests.map(
        ({ method, target, status }) => `${method} ${target.split('?')[0]} ${status}`,
      ),
  )
}

t.test('what an admission costs the registry', async (t) => {
  const cost = await onDemoRegistries(t)

  t.strictSame(
    await cost(['open.acme.test/team/app:1.0']),
    ['HEAD /v2/team/app/manifests/1.0 200'],
    'an image that is new: one request',
  )
  t.strictSame(await cost(['open.acme.test/team/app:1.0']), [], 'warm: none')
  t.equal((await cost(['open.acme.test/team/app:1.1'])).length, 1, 'another tag')
  t.equal((await cost(['open.acme.test/team/other:1.0'])).length, 1, 'another repository')
  t.strictSame(
    (await cost(['open.acme.test/team/app:2.0'])).map(methodOf),
    ['HEAD', 'GET'],
    'one more for an index that is new',
  )
  t.strictSame(await cost(['open.acme.test/team/app:2.0']), [], 'which is then known')
  t.equal(
    (
      await cost([
        'open.acme.test/team/other:1.1',
        'open.acme.test/team/other:1.1',
        'open.acme.test/team/app:1.1',
      ])
    ).length,
    1,
    'an image that stands twice in a Pod is asked for once',
  )
})

t.test(
  'a token registry that is not known, and an index that is new: four',
  async (t) => {
    const cost = await onDemoRegistries(t)
    t.strictSame((await cost(['token.acme.test/team/app:2.0'])).map(methodOf), [
      'HEAD',
      'POST',
      'HEAD',
      'GET',
    ])
  },
)

t.test('what registries with authentication cost', async (t) => {
  const cost = await onDemoRegistries(t)

  t.strictSame(
    await cost(['token.acme.test/team/app:1.0']),
    [
      'HEAD /v2/team/app/manifests/1.0 401',
      'POST /token 200',
      'HEAD /v2/team/app/manifests/1.0 200',
    ],
    'a token registry that is not known: three',
  )
  t.strictSame(
    await cost(['token.acme.test/team/app:1.1']),
    ['HEAD /v2/team/app/manifests/1.1 200'],
    'one that is known: one',
  )
  t.strictSame(
    (await cost(['token.acme.test/team/app:2.0'])).map(methodOf),
    ['HEAD', 'GET'],
    'one more for an index that is new',
  )
  t.strictSame(
    await cost(['token.acme.test/team/other:1.0']),
    ['POST /token 200', 'HEAD /v2/team/other/manifests/1.0 200'],
    'a new repository of one that is known: two, as a token is for one repository',
  )
  t.equal(
    (await cost(['token.acme.test/team/other:1.1'])).length,
    1,
    'which is then known',
  )
  t.equal((await cost(['basic.acme.test/team/app:1.0'])).length, 2, 'Basic, unknown')
  t.equal((await cost(['basic.acme.test/team/app:1.1'])).length, 1, 'Basic, known')
  t.equal(
    (await cost(['basic.acme.test/team/other:1.0'])).length,
    2,
    'a password is not sent before the repository asks for it',
  )
  t.strictSame(
    await cost(['token.acme.test/team/app:1.0', 'basic.acme.test/team/app:1.1']),
    [],
    'warm: none',
  )
})

t.test('200 replicas of one Pod cost one request', async (t) => {
  const cost = await onDemoRegistries(t)

  t.equal((await cost(['open.acme.test/team/app:1.0'], { times: 200 })).length, 1)
  t.equal(
    (await cost(['token.acme.test/team/app:1.0'], { times: 200 })).length,
    3,
    'and three where a token is needed first',
  )
  t.equal(
    (await cost(['token.acme.test/team/other:1.0'], { times: 200 })).length,
    2,
    'two where the registry is known',
  )
})

t.test('a denial that is repeated at once costs next to nothing', async (t) => {
  const cost = await onDemoRegistries(t)

  const first = await cost(['open.acme.test/team/app:1.9'])
  t.ok(first.includes('HEAD /v2/team/app/manifests/1.9 404'))
  t.ok((await cost(['open.acme.test/team/app:1.9'])).length <= 1, 'the image at most')
  const many = await cost(['open.acme.test/team/other:1.8'], { times: 50 })
  t.equal(many.filter((line) => line.includes('/tags/list')).length, 1, 'tags once')
  t.equal(many.filter((line) => line.startsWith('HEAD')).length, 1)
})

t.test('entries of an index are only asked for where they are verified', async (t) => {
  const cost = await onDemoRegistries(t, { verifyIndexes: true })

  const asked = await cost(['open.acme.test/team/app:2.0'])
  t.strictSame(asked.map(methodOf), ['HEAD', 'GET', 'HEAD'], 'the one for our nodes')
  t.strictSame(await cost(['open.acme.test/team/app:2.0']), [])
})

t.test('where nodes differ, the config of an image is read once', async (t) => {
  const cost = await onDemoRegistries(t, {}, [node('node-2', 'arm64')])

  const first = await cost(['open.acme.test/team/app:1.0'], { times: 200 })
  t.strictSame(
    first.map((line) => line.replace(/sha256:\w+/, 'DIGEST')),
    [
      'HEAD /v2/team/app/manifests/1.0 200',
      'GET /v2/team/app/manifests/DIGEST 200',
      'GET /v2/team/app/blobs/DIGEST 200',
    ],
    '200 replicas: three',
  )
  t.strictSame(await cost(['open.acme.test/team/app:1.0']), [], 'warm: none')
})

t.test('the same with docker-registry', async (t) => {
  await withParts(
    t,
    { file: import.meta.filename, needs: ['docker-registry'] },
    async () => {
      const open = await startDockerRegistry(t)
      const tokens = await startTokenServer(t, {
        users: { deployer: { password: PASSWORD, pull: ['*'] } },
      })
      const token = await startDockerRegistry(t, { auth: { token: tokens } })
      const platforms = ['linux/amd64', 'linux/arm64']
      for (const registry of [open, token]) {
        for (const tag of ['1.0', '1.1']) await registry.push('team/app', tag)
        await registry.push('team/app', '2.0', { kind: 'index', platforms })
      }
      const webhook = await startWebhook(t, {
        configuration: {
          mode: 'enforce',
          registries: [
            { host: 'open.acme.test', endpoint: open.url },
            { host: 'token.acme.test', endpoint: token.url },
          ],
          network: { allow: ['127.0.0.1/32'] },
        },
        manifests: manifests(),
      })
      // Counted by the webhook itself: an access log is written when it pleases.
      const count = async (): Promise<number> =>
        sumOf((await webhook.metricsPath('/metrics')).text)
      const cost = async (name: string, times = 1): Promise<number> => {
        const before = await count()
        const review = aPod([name])
        const answers = await Promise.all(
          Array.from({ length: times }, () => webhook.review(review)),
        )
        for (const { action } of answers) if (action !== 'allow') t.fail(name)
        return (await count()) - before
      }

      t.equal(await cost('open.acme.test/team/app:1.0', 200), 1, '200 replicas')
      t.equal(await cost('open.acme.test/team/app:1.0'), 0, 'warm')
      t.equal(await cost('open.acme.test/team/app:1.1'), 1, 'a new tag')
      t.equal(await cost('open.acme.test/team/app:2.0'), 2, 'a new index')
      t.equal(await cost('token.acme.test/team/app:1.0'), 3, 'an unknown token registry')
      t.equal(await cost('token.acme.test/team/app:1.1'), 1, 'a known one')
      t.equal(
        await cost('token.acme.test/team/app:2.0'),
        1,
        'an index whose digest was read elsewhere',
      )
      await token.push('team/other', '1.0')
      t.equal(await cost('token.acme.test/team/other:1.0', 200), 2, 'a new repository')
    },
  )
})

function methodOf(line: string): string {
  return line.split(' ')[0] ?? ''
}

function sumOf(metrics: string): number {
  return metrics
    .split('\n')
    .filter((line) => line.startsWith('pullgate_registry_requests_total{'))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

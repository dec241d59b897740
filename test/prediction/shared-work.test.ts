import t from 'tap'
import type { ClusterFacts } from '../../src/prediction/cluster-facts.ts'
import type { TagsResult } from '../../src/registry/lookup.ts'
import { orTooLate } from '../../src/cluster/fact-cache.ts'
import {
  certainCauses,
  createWorld,
  found,
  IMAGE,
  login,
  notFound,
  opensFor,
  pod,
  secretObject,
} from './world.ts'
import type { Script } from './world.ts'

t.test('a thousand containers with one image are one question', async (t) => {
  let lists = 0
  const world = await createWorld({
    answer: () => notFound,
    overrides: {
      client: {
        async tags(): Promise<TagsResult> {
          lists++
          return { outcome: 'listed', tags: ['2.2'], complete: true }
        },
      },
    },
  })
  const images = Array.from({ length: 1_000 }, () => IMAGE)

  const predictions = await world.predict(pod({ images }))

  t.equal(lists, 2, 'one for each round of a denial: this client has no memory of tags')
  t.equal(world.asked.length, 1)
  t.equal(predictions.length, 1_000)
  t.same(
    predictions.map(({ use }) => use.container),
    images.map((_, index) => `c${index}`),
    'each for its own container',
  )
  t.ok(predictions.every(({ findings }) => findings[0]?.message.includes('2.2')))
})

t.test(
  'containers that differ in more than their names are judged by themselves',
  async (t) => {
    const world = await createWorld({ answer: () => notFound })
    const workload = pod({ images: [IMAGE, IMAGE] })
    const [first, second] = workload.images
    if (first === undefined || second === undefined) throw new TypeError('two images')
    second.pullPolicy = 'Never'

    const predictions = await world.predict(workload)

    t.same(certainCauses(predictions.slice(0, 1)), ['ImageNotFound'])
    t.not(predictions[1]?.findings[0]?.cause, 'ImageNotFound')
  },
)

/** An API server that takes questions about Secrets and never answers. */
const silent: Partial<ClusterFacts> = {
  secret: (_namespace, _name, { signal }) =>
    orTooLate(Promise.withResolvers<never>().promise, signal),
}

async function withSilentCluster(answer: Script, signal?: AbortSignal) {
  const world = await createWorld({
    objects: [secretObject('acme-pull', { 'registry.acme.test': login('bot') })],
    answer,
    facts: silent,
    overrides: { pullSecretsMs: 5 },
  })
  const [prediction] = await world.predict(pod({ secrets: ['acme-pull'] }), signal)
  return { asked: world.asked, findings: prediction?.findings ?? [] }
}

t.test('a cluster that does not answer leaves time for the registry', async (t) => {
  const open = await withSilentCluster(() => found)
  t.same(open.findings, [])
  t.equal(open.asked.length, 1)

  const refused = await withSilentCluster(opensFor('bot'))
  t.match(refused.findings, [
    {
      cause: 'Unverified',
      certainty: 'uncertain',
      message:
        /^Pull secret team-a\/acme-pull could not be read \(the API server did not answer in time\)\. Without it registry\.acme\.test answered 401/,
    },
  ])
})

t.test('when both are silent, both are named', async (t) => {
  const deadline = new AbortController()
  const { findings } = await withSilentCluster(() => {
    setImmediate(() => deadline.abort())
    return Promise.withResolvers<never>().promise
  }, deadline.signal)

  t.match(findings, [
    {
      cause: 'Unverified',
      message:
        /^Pull secret team-a\/acme-pull could not be read .* registry\.acme\.test did not answer in the time that was left/,
    },
  ])
})

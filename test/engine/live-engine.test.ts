import t from 'tap'
import { createObjectStore, objectStoreFacts } from '../../src/cluster/object-store.ts'
import { defaultConfiguration } from '../../src/configuration/read-configuration.ts'
import { createLiveEngine } from '../../src/engine/live-engine.ts'
import type { ClusterFacts } from '../../src/prediction/cluster-facts.ts'
import { defaultRegistrySettings } from '../../src/registry/registry-settings-for.ts'
import { silentObserver } from '../../src/registry/registry-observer.ts'
import type { ImageUse } from '../../src/workload/workload.ts'
import { refuse, scriptedRegistry } from '../registry/support/scripted-registry.ts'
import { aPod } from '../support/a-pod.ts'

const useOf = (image: string): ImageUse => ({
  image,
  path: 'spec.containers[0].image',
  container: 'web',
  role: 'container',
  pullPolicy: 'Always',
})

t.test('a changed `secrets` holds from the next prediction on', async (t) => {
  const asked: string[] = []
  const facts: ClusterFacts = {
    ...objectStoreFacts(createObjectStore([]), {
      complete: true,
      mayNameNamespaces: false,
    }),
    async secret(_namespace, name) {
      asked.push(name)
      return { status: 'absent' }
    },
  }
  const configuration = defaultConfiguration()
  const engine = await createLiveEngine({
    configuration: { ...configuration, secrets: 'none' },
    facts,
    observer: silentObserver,
    env: {},
    onFault: (error) => t.fail(String(error)),
    onNotice() {},
  })
  t.teardown(() => engine.close())
  const predict = (name: string) =>
    engine.predictor.predict({
      workload: aPod({ pullSecrets: [name] }),
      images: [useOf('not a name')],
      signal: AbortSignal.timeout(20_000),
    })

  await predict('before')
  await engine.apply({ ...configuration, secrets: 'get' })
  await predict('after')

  t.same([...new Set(asked)], ['after'])
})

t.test('a pause that a registry asked for outlives a configuration', async (t) => {
  const registry = await scriptedRegistry(t, (_, response) =>
    refuse(response, 429, 'TOOMANYREQUESTS', { 'retry-after': '600' }),
  )
  const configuration = {
    ...defaultConfiguration(),
    registries: [
      { ...defaultRegistrySettings('r.acme.test'), endpoint: registry.baseUrl },
    ],
    network: { allow: ['127.0.0.0/8'], deny: [] },
  }
  const engine = await createLiveEngine({
    configuration,
    facts: objectStoreFacts(createObjectStore([]), {
      complete: true,
      mayNameNamespaces: false,
    }),
    observer: silentObserver,
    env: {},
    onFault: (error) => t.fail(String(error)),
    onNotice() {},
  })
  t.teardown(() => engine.close())
  const causeOf = async (image: string) => {
    const [prediction] = await engine.predictor.predict({
      workload: aPod(),
      images: [useOf(image)],
      signal: AbortSignal.timeout(20_000),
    })
    return prediction?.findings.map(({ cause }) => cause)
  }

  t.same(await causeOf('r.acme.test/team/app:1'), ['RateLimited'])
  const asked = registry.lines()
  t.ok(asked.length > 0)
  await engine.apply({ ...configuration, deadlineMs: 4_000 })
  t.same(await causeOf('r.acme.test/team/app:2'), ['RateLimited'])
  t.same(registry.lines(), asked)
})

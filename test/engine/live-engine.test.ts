import t from 'tap'
import { createObjectStore, objectStoreFacts } from '../../src/cluster/object-store.ts'
import { defaultConfiguration } from '../../src/configuration/read-configuration.ts'
import { createLiveEngine } from '../../src/engine/live-engine.ts'
import type { ClusterFacts } from '../../src/prediction/cluster-facts.ts'
import { silentObserver } from '../../src/registry/registry-observer.ts'
import { aPod } from '../support/a-pod.ts'

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
      images: [
        {
          image: 'not a name',
          path: 'spec.containers[0].image',
          container: 'web',
          role: 'container',
          pullPolicy: 'Always',
        },
      ],
      signal: AbortSignal.timeout(20_000),
    })

  await predict('before')
  await engine.apply({ ...configuration, secrets: 'get' })
  await predict('after')

  t.same([...new Set(asked)], ['after'])
})

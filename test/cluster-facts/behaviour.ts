import type { Test } from 'tap'

import type { ClusterFacts, ReadOptions } from '../../src/prediction/cluster-facts.ts'

export function read(fresh = false): ReadOptions {
  return { fresh, signal: new AbortController().signal }
}

/** What all implementations that know the whole cluster agree on, given clusterObjects. */
export async function behavesAsClusterFacts(
  t: Test,
  open: (test: Test) => Promise<ClusterFacts>,
): Promise<void> {
  await t.test('tells of a Secret, or that there is none', async (test) => {
    const facts = await open(test)

    for (const fresh of [false, false, true]) {
      test.match(await facts.secret('team-a', 'acme-pull', read(fresh)), {
        status: 'known',
        value: {
          namespace: 'team-a',
          name: 'acme-pull',
          type: 'kubernetes.io/dockerconfigjson',
          data: { '.dockerconfigjson': 'e30=' },
          createdAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
          version: /./,
        },
      })
    }
    for (const [namespace, name] of [
      ['team-b', 'acme-pull'],
      ['team-a', 'acme'],
      ['team-a', ''],
      ['team-a', '..'],
      ['team-a/secrets', 'acme-pull'],
      ['team-a', 'acme-pull?x=1'],
    ] as const) {
      const fact = await facts.secret(namespace, name, read(true))
      test.same(fact, { status: 'absent' }, `${namespace}/${name}`)
    }
  })

  await t.test("keeps the order of a service account's pull secrets", async (test) => {
    const facts = await open(test)
    const namesOf = async (namespace: string, name: string) => {
      const fact = await facts.serviceAccount(namespace, name, read())
      return fact.status === 'known' ? fact.value.imagePullSecrets : fact.status
    }

    test.same(await namesOf('team-a', 'default'), ['acme-pull', '', 'other'])
    test.same(await namesOf('default', 'default'), [])
    test.same(await namesOf('team-a', 'builder'), 'absent')
  })

  await t.test('tells a namespace with its labels and age', async (test) => {
    const facts = await open(test)

    test.same(await facts.namespace('team-a', read()), {
      status: 'known',
      value: {
        name: 'team-a',
        labels: {
          'pullgate.dev/mode': 'warn',
          team: 'a',
          'kubernetes.io/metadata.name': 'team-a',
        },
        createdAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      },
    })
    test.same(await facts.namespace('team-z', read()), { status: 'absent' })
  })

  await t.test('lists the nodes', async (test) => {
    const facts = await open(test)

    test.same(await facts.nodes(read()), {
      status: 'known',
      value: [
        {
          name: 'worker-1',
          providerID: 'kind://docker/kind/worker-1',
          os: 'linux',
          architecture: 'arm64',
          labels: { 'kubernetes.io/arch': 'arm64' },
          taints: [{ key: 'gpu', value: '', effect: 'NoSchedule' }],
          unschedulable: true,
          ready: true,
          containerRuntimeVersion: 'containerd://2.1.4',
          kubeletVersion: 'v1.34.1',
          osImage: 'Debian GNU/Linux 12',
          kernelVersion: '6.1.0',
          images: ['docker.io/library/nginx@sha256:00', 'docker.io/library/nginx:1.27'],
        },
        {
          name: 'worker-2',
          os: 'windows',
          architecture: 'amd64',
          labels: {},
          taints: [],
          unschedulable: false,
          ready: false,
          containerRuntimeVersion: '',
          kubeletVersion: '',
          osImage: '',
          kernelVersion: '',
          images: [],
        },
      ],
    })
  })

  await t.test('finds the Pods that run images of a registry', async (test) => {
    const facts = await open(test)
    const web = {
      namespace: 'team-a',
      name: 'web-1',
      pullSecrets: ['acme-pull'],
      nodeName: 'node-1',
      containers: [
        { image: 'busybox', imageID: '', pullPolicy: 'Always' },
        {
          image: 'registry.acme.io/web:1',
          imageID: 'registry.acme.io/web@sha256:00',
          pullPolicy: 'IfNotPresent',
        },
      ],
    }
    const cases = [
      ['registry.acme.io', [web]],
      ['docker.io', [web]],
      ['acme.io', []],
    ] as const
    for (const [registry, value] of cases) {
      const fact = await facts.podsUsingRegistry(registry, read())
      test.same(fact, { status: 'known', value }, registry)
    }
  })

  await t.test('names the webhooks that may mutate Pods of a namespace', async (test) => {
    const facts = await open(test)
    const webhooksIn = async (namespace: string) => {
      const fact = await facts.podMutators(namespace, read())
      return fact.status === 'known'
        ? fact.value.map(({ configuration, webhook, handlesPods }) => [
            configuration,
            webhook,
            handlesPods,
          ])
        : fact.status
    }

    test.same(await webhooksIn('team-a'), [
      ['injector', 'labelled.acme.io', true],
      ['injector', 'everything.acme.io', true],
    ])
    test.same(await webhooksIn('default'), [['injector', 'everything.acme.io', true]])
  })

  await t.test('names the namespaces that hold a Secret of a name', async (test) => {
    const facts = await open(test)

    const found = await facts.namespacesWithSecret('acme-pull', read())
    const nothing = await facts.namespacesWithSecret('nothing', read())

    test.same(found, { status: 'known', value: ['team-a'] })
    test.same(nothing, { status: 'known', value: [] })
  })
}

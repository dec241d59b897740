import t from 'tap'
import { imageSteps } from '../../src/audit/explain/explain-steps.ts'
import type { Step, StepName } from '../../src/audit/explain/explanation.ts'
import type { Fields } from '../../src/json/fields.ts'
import type { ClusterFacts } from '../../src/prediction/cluster-facts.ts'
import { resolvePullCredentials } from '../../src/prediction/pull-secrets/resolve-pull-credentials.ts'
import { readWorkload } from '../../src/workload/read-workload.ts'
import { anImage } from './an-outcome.ts'
import { explainRows } from './explain-rows.ts'
import { backOff, createWorld, failedEvent, pod } from './explain-world.ts'
import { startMisbehavingRegistries } from './misbehaving-registries.ts'

// Of every step of `explain`, a Pod for which it is the one that shows what is wrong.

const login = (password: string) =>
  JSON.stringify({ auths: { 'billing.acme.test': { username: 'deployer', password } } })

const secrets = [
  secret('elsewhere', 'billing', login('correct-horse')),
  secret('stale', 'shop', login('changed-since')),
  secret('broken', 'shop', '{"auths":'),
]

function secret(name: string, namespace: string, config: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
  }
}

t.test('the step that is wrong says so, and no other does', async (t) => {
  const registries = await startMisbehavingRegistries(t)
  for (const row of explainRows) {
    await t.test(row.about, async (t) => {
      const stuck = pod('stuck', { ...row.pod, waiting: backOff(row.pod.image) })
      const event = failedEvent('stuck', row.pod.image, row.told)
      const objects = [...secrets, stuck, event, ...(row.others ?? [])]
      const { json } = await createWorld(t, objects, registries)

      const { code, images, notes } = await json('pod/stuck')

      const [image] = images
      const named = (outcome: string): string[] =>
        (image?.steps ?? [])
          .filter((step) => step.outcome === outcome)
          .map(({ name }) => name)
      t.strictSame(notes, [])
      t.equal(code, row.state === 'failing' ? 1 : 0)
      t.match(image, { state: row.state, cause: row.cause, fix: row.fix })
      t.match(image?.kubelet, { agrees: row.agrees, failures: 9 })
      t.strictSame(named('problem'), [...row.wrong, 'kubelet'])
      const unseen = named('unknown').filter((name) => name !== 'other-pods')
      t.strictSame(unseen, row.unseen)
      const wrong = image?.steps.find(({ outcome }) => outcome === 'problem')
      t.match(wrong?.summary, row.says)
      t.match(wrong?.evidence.join('\n'), row.evidence ?? '')
    })
  }
})

const denied = {
  status: 'unknown',
  reason: 'it may not be read here',
} as const
const absent = { status: 'absent' } as const

/** What may be read of a cluster, and how the steps of a Pod that names secret `team` (or none) then end. */
const sights: {
  about: string
  names: string[]
  facts: Pick<ClusterFacts, 'secret' | 'serviceAccount' | 'namespacesWithSecret'>
  namespace: [Step['outcome'], RegExp]
  secret: [Step['outcome'], RegExp]
}[] = [
  {
    about: 'no Secret',
    names: ['team'],
    facts: {
      secret: async () => denied,
      serviceAccount: async () => denied,
      namespacesWithSecret: async () => denied,
    },
    namespace: ['unknown', /^Nothing tells what is in namespace shop\.$/],
    secret: [
      'unknown',
      /^Pull secret shop\/team could not be read \(it may not be read here\)\.$/,
    ],
  },
  {
    about: 'not the service account',
    names: [],
    facts: {
      secret: async () => absent,
      serviceAccount: async () => denied,
      namespacesWithSecret: async () => denied,
    },
    namespace: ['unknown', /^Nothing tells/],
    secret: ['unknown', /^Service account shop\/default, which may list pull secrets/],
  },
  {
    about: 'this namespace alone',
    names: ['team'],
    facts: {
      secret: async () => absent,
      serviceAccount: async () => denied,
      namespacesWithSecret: async () => denied,
    },
    namespace: ['unknown', /^Other namespaces could not be searched for it\.$/],
    secret: ['problem', /^A pull secret does not exist\.$/],
  },
  {
    about: 'everything, and it is nowhere',
    names: ['team'],
    facts: {
      secret: async () => absent,
      serviceAccount: async () => denied,
      namespacesWithSecret: async () => ({ status: 'known', value: [] }),
    },
    namespace: ['ok', /^Secrets are looked for in namespace shop alone\.$/],
    secret: ['problem', /^A pull secret does not exist\.$/],
  },
  {
    about: 'everything',
    names: [],
    facts: {
      secret: async () => absent,
      serviceAccount: async () => ({
        status: 'known',
        value: { namespace: 'shop', name: 'default', imagePullSecrets: [] },
      }),
      namespacesWithSecret: async () => denied,
    },
    namespace: ['ok', /^Secrets are looked for in namespace shop alone\.$/],
    secret: ['ok', /^There are no pull secrets/],
  },
]

for (const { about, names, facts, ...expected } of sights) {
  t.test(`what may be read is ${about}`, async (t) => {
    const fields = pod('stuck', { image: 'registry.acme.test/team/web:1' }) as Fields
    const spec = {
      ...(fields.spec as Fields),
      imagePullSecrets: names.map((name) => ({ name })),
    }
    const read = readWorkload({ ...fields, spec }, [], {
      namespace: 'shop',
      stage: 'manifest',
    })
    if (read.status !== 'workload') throw new Error(read.status)
    const credentials = await resolvePullCredentials(read.workload, {
      facts: facts as ClusterFacts,
      mode: 'get',
      read: { fresh: false, signal: new AbortController().signal },
    })
    const elsewhere = new Map<string, string[] | null>()
    for (const name of names)
      elsewhere.set(name, await credentials.namespacesWithSecret(name))
    const { prediction } = anImage({ image: 'registry.acme.test/team/web:1' }).decision

    const steps = imageSteps({ prediction, credentials, elsewhere, error: null })

    for (const name of ['namespace', 'secret'] as const) {
      const found = steps.find((step) => step.name === name)
      const [outcome, summary] = expected[name]
      t.match(found, { outcome, summary }, name)
    }
  })
}

t.test('every step has a row in which it is the first that is wrong', (t) => {
  const first = new Set(explainRows.map(({ wrong: [name] }) => name))
  const steps: StepName[] = [
    'reference',
    'namespace',
    'secret',
    'registry',
    'tls',
    'rate-limit',
    'existence',
    'platform',
    'other-pods',
  ]
  t.same(first, new Set(steps))
  t.end()
})

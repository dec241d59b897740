import t from 'tap'
import type { StepName } from '../../src/audit/explain/explanation.ts'
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

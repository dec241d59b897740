import t from 'tap'
import { explainObject } from '../../src/audit/explain/explain-object.ts'
import { worstPod } from '../../src/audit/explain/find-pod.ts'
import type { ExplainTarget } from '../../src/audit/explain/find-pod.ts'
import { createObjectStore, objectStoreFacts } from '../../src/cluster/object-store.ts'
import type { ObjectLister } from '../../src/cluster/object-lister.ts'
import type { Fields } from '../../src/json/fields.ts'

const target: ExplainTarget = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  namespace: 'shop',
  name: 'web',
}

const spec = { containers: [{ name: 'app', image: 'registry.acme.test/app:1' }] }
const owned = (kind: string, name: string, owner: string): Fields => {
  const [ownerKind = '', ownerName = ''] = owner.split('/')
  const ownerReferences = [{ controller: true, kind: ownerKind, name: ownerName }]
  return { kind, metadata: { name, namespace: 'shop', ownerReferences }, spec }
}
const objects: Fields[] = [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { template: { spec } },
  },
  owned('ReplicaSet', 'web-1', 'Deployment/web'),
  owned('Pod', 'web-1-x', 'ReplicaSet/web-1'),
]

function listerWithout(...forbidden: string[]): ObjectLister {
  return {
    async list({ kind: { kind } }, reduce) {
      if (forbidden.includes(kind))
        return { status: 'unlisted', reason: `RBAC forbids to list ${kind}s` }
      const items = objects.filter((each) => each.kind === kind).map(reduce)
      return { status: 'listed', items: items.filter((item) => item !== null) }
    },
  }
}

function explain(lister: ObjectLister, signal = new AbortController().signal) {
  const store = createObjectStore([])
  return explainObject({
    target,
    lister,
    facts: objectStoreFacts(store, { complete: true, mayNameNamespaces: true }),
    predictor: { predict: async () => [] },
    rules: [],
    secrets: 'none',
    signal,
  })
}

t.test('the Pod of a Deployment is found through its ReplicaSet', async (t) => {
  const { pod, unread } = await worstPod(listerWithout(), target)
  t.match(pod, { metadata: { name: 'web-1-x' } })
  t.same(unread, [])
})

t.test('what may not be listed is told, and is no absence of Pods', async (t) => {
  for (const kind of ['Pod', 'ReplicaSet']) {
    const { pod, notes } = await explain(listerWithout(kind))
    t.equal(pod, null)
    t.ok(
      notes.includes(
        `${kind}s of namespace shop could not be listed (RBAC forbids to list ${kind}s).`,
      ),
    )
    t.ok(notes.includes('No Pods of Deployment web are seen: its template is judged.'))
  }
})

t.test('a Deployment without Pods is said to have none', async (t) => {
  const lister = listerWithout()
  const { notes } = await explain({
    list: async (options, reduce) =>
      options.kind.kind === 'Pod'
        ? { status: 'listed', items: [] }
        : lister.list(options, reduce),
  })
  t.strictSame(notes, ['Deployment web has no Pods: its template is judged.'])
})

t.test(
  'a cluster that does not answer is not waited for when the time is over',
  async (t) => {
    const silent: ObjectLister = { list: () => Promise.withResolvers<never>().promise }
    await t.rejects(explain(silent, AbortSignal.abort()), {
      code: 'TargetNotFound',
      message: 'Deployment shop/web cannot be read: there was no time left',
    })
  },
)

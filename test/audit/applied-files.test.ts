import t from 'tap'
import { auditWorkloads } from '../../src/audit/audit-workloads.ts'
import { layeredFacts } from '../../src/audit/layered-facts.ts'
import { readKubernetesObjects } from '../../src/cluster/kubernetes-object.ts'
import { createObjectStore, objectStoreFacts } from '../../src/cluster/object-store.ts'
import type { ObjectStore } from '../../src/cluster/object-store.ts'
import { readConfiguration } from '../../src/configuration/read-configuration.ts'
import type { ClusterFacts } from '../../src/prediction/cluster-facts.ts'
import {
  createWorld,
  deployment,
  found,
  login,
  opensFor,
  rawSecret,
  secretObject,
  serviceAccount,
} from '../prediction/world.ts'
import type { Script } from '../prediction/world.ts'

// `check --cluster` judges files as they will be once applied, and applying merges.

const HOST = 'registry.acme.test'
const good = secretObject('good', { [HOST]: login('good') })
const stale = secretObject('stale', { [HOST]: login('stale') })
const broken = rawSecret('broken', '{')
/** `kubectl create serviceaccount default --dry-run=client -o yaml`. */
const bare = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'default', namespace: 'team-a' },
}

const namespace = (labels: object, created = '2020-01-01T00:00:00Z'): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'team-a', labels, creationTimestamp: created },
})

interface Case {
  title: string
  live: readonly object[]
  files: readonly object[]
  answer?: Script
  /** What the API server does not let us read. */
  forbidden?: readonly ('secret' | 'serviceAccount' | 'namespace')[]
  expected: string
}

const storeOf = (objects: readonly object[]): ObjectStore =>
  createObjectStore(objects.flatMap((each) => readKubernetesObjects(each)))

const unreadable = async () => ({ status: 'unknown', reason: 'forbidden' }) as const

function factsOf({ live, files, forbidden = [] }: Omit<Case, 'expected'>): ClusterFacts {
  const cluster = objectStoreFacts(storeOf(live), {
    complete: true,
    mayNameNamespaces: true,
  })
  const refused = Object.fromEntries(forbidden.map((kind) => [kind, unreadable]))
  return layeredFacts(storeOf(files), { ...cluster, ...refused })
}

async function verdict(each: Case): Promise<string> {
  const facts = factsOf(each)
  const { answer = opensFor('good') } = each
  const world = await createWorld({ answer, facts })
  const read = readConfiguration('{}', 'pullgate.yaml')
  if (!('configuration' in read)) throw new TypeError(JSON.stringify(read))
  const [judged] = await auditWorkloads(
    [{ workload: deployment(), positionOf: () => null }],
    {
      predictor: {
        predict: ({ workload, images, signal }) =>
          world.predict({ ...workload, images }, signal),
      },
      facts,
      configuration: read.configuration,
      objectTimeoutMs: 5_000,
      signal: new AbortController().signal,
    },
  )
  if (judged?.exempted) return judged.exempted
  const decision = judged?.images[0]?.decision
  return `${decision?.action} ${decision?.leading?.finding.cause ?? '-'}`
}

/** Anybody may pull; whoever brings a wrong password may not. */
const publicUnlessWrong: Script = (asked) =>
  asked.username === null ? found : opensFor('good')(asked)

const accounts: Case[] = [
  {
    title: 'a file without the list leaves the list',
    live: [good, serviceAccount('default', 'good')],
    files: [bare],
    expected: 'allow -',
  },
  {
    title: 'a list of a file may be added to again by whoever made that of the cluster',
    live: [good, stale, serviceAccount('default', 'good')],
    files: [serviceAccount('default', 'stale')],
    expected: 'warn PullSecretStale',
  },
  {
    title: 'the list of the file counts',
    live: [good, serviceAccount('default')],
    files: [serviceAccount('default', 'good')],
    expected: 'allow -',
  },
  {
    title: 'neither has one that opens',
    live: [serviceAccount('default')],
    files: [bare],
    expected: 'deny CredentialsRequired',
  },
  {
    title: 'both have one that does not',
    live: [stale, serviceAccount('default', 'stale')],
    files: [bare],
    expected: 'deny CredentialsRejected',
  },
  {
    title: 'one that keeps a public image away may be gone',
    live: [stale, serviceAccount('default', 'stale')],
    files: [bare],
    answer: publicUnlessWrong,
    expected: 'warn CredentialsRejected',
  },
  {
    title: 'one that the file names too is not',
    live: [stale, serviceAccount('default', 'stale')],
    files: [serviceAccount('default', 'stale')],
    answer: publicUnlessWrong,
    expected: 'deny CredentialsRejected',
  },
  {
    title: 'one that cannot be decoded may be gone',
    live: [broken, serviceAccount('default', 'broken')],
    files: [bare],
    expected: 'warn PullSecretMalformed',
  },
  {
    title: 'one that cannot be decoded, of both',
    live: [broken, serviceAccount('default', 'broken')],
    files: [serviceAccount('default', 'broken')],
    expected: 'deny PullSecretMalformed',
  },
  {
    title: 'what cannot be read may hold one',
    live: [],
    files: [bare],
    forbidden: ['serviceAccount'],
    expected: 'warn Unverified',
  },
  {
    title: 'what cannot be read does not hide the list of the file',
    live: [good],
    files: [serviceAccount('default', 'good')],
    forbidden: ['serviceAccount'],
    expected: 'allow -',
  },
]

const account = serviceAccount('default', 'pull')
const pull = (user: string, changes: object = {}): object =>
  secretObject('pull', { [HOST]: login(user) }, { ...changes })
const typeless = (data: object): object => pull('good', { type: undefined, data })

const secrets: Case[] = [
  {
    title: 'a value of the file wins',
    live: [account, pull('stale')],
    files: [pull('good')],
    expected: 'allow -',
  },
  {
    title: 'also where it is the wrong one',
    live: [account, pull('good')],
    files: [pull('stale')],
    expected: 'deny CredentialsRejected',
  },
  {
    title: 'a file without the key and the type leaves both',
    live: [account, pull('good')],
    files: [typeless({ note: 'YQ==' })],
    expected: 'allow -',
  },
  {
    title: 'a type is never changed',
    live: [account, pull('good')],
    files: [pull('stale', { type: 'Opaque' })],
    expected: 'warn Unverified',
  },
  {
    title: 'what the file says alone needs no cluster',
    live: [account],
    files: [pull('stale')],
    forbidden: ['secret'],
    expected: 'deny CredentialsRejected',
  },
  {
    title: 'what it does not say does',
    live: [account],
    files: [typeless({ note: 'YQ==' })],
    forbidden: ['secret'],
    expected: 'warn Unverified',
  },
]

const injector = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'injector' },
  webhooks: [
    {
      name: 'images.acme.test',
      namespaceSelector: { matchLabels: { inject: 'yes' } },
      rules: [
        {
          operations: ['CREATE'],
          apiGroups: [''],
          apiVersions: ['v1'],
          resources: ['*'],
        },
      ],
    },
  ],
}

const namespaces: Case[] = [
  {
    title: 'a label of the cluster stays',
    live: [namespace({ 'pullgate.dev/mode': 'off' })],
    files: [namespace({})],
    expected: 'exempt (mode-off: the mode of the Namespace or of Pullgate is off)',
  },
  {
    title: 'that of the file wins',
    live: [namespace({ 'pullgate.dev/mode': 'off' })],
    files: [namespace({ 'pullgate.dev/mode': 'warn' })],
    expected: 'warn CredentialsRequired',
  },
  {
    title: 'it is as old as it is in the cluster',
    live: [namespace({}, '2025-12-31T23:59:00Z')],
    files: [namespace({})],
    expected: 'warn CredentialsRequired',
  },
  {
    title: 'an old one denies',
    live: [namespace({})],
    files: [namespace({})],
    expected: 'deny CredentialsRequired',
  },
  {
    title: 'how old it is cannot be read',
    live: [],
    files: [namespace({})],
    forbidden: ['namespace'],
    expected: 'warn CredentialsRequired',
  },
  {
    title: 'a label of the file is for a webhook that may rewrite',
    live: [injector, namespace({})],
    files: [namespace({ inject: 'yes' })],
    expected: 'warn CredentialsRequired',
  },
]

for (const [kind, cases] of Object.entries({ accounts, secrets, namespaces })) {
  t.test(kind, async (t) => {
    for (const each of cases) t.equal(await verdict(each), each.expected, each.title)
  })
}

t.test('entries keep their order, and each is there once', async (t) => {
  const live = [serviceAccount('default', 'b', 'c', 'a')]
  const read = { fresh: false, signal: new AbortController().signal }
  const list = async (file: object): Promise<unknown> => {
    const facts = factsOf({ title: '', live, files: [file] })
    const fact = await facts.serviceAccount('team-a', 'default', read)
    return fact.status === 'known' ? fact.value.imagePullSecrets : fact
  }

  t.same(await list(bare), ['b', 'c', 'a'])
  t.same(await list(serviceAccount('default', 'new', 'c')), ['new', 'c', 'b', 'a'])
})

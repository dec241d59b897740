import t from 'tap'
import type { AuditedObject } from '../../src/audit/audit-result.ts'
import { auditWorkloads } from '../../src/audit/audit-workloads.ts'
import { collectManifests } from '../../src/audit/collect-manifests.ts'
import { groupObjects } from '../../src/audit/group-outcome.ts'
import { offlineFacts } from '../../src/audit/offline-facts.ts'
import { jsonReport } from '../../src/audit/reports/json.ts'
import { rowsOf } from '../../src/audit/reports/rows.ts'
import { createObjectStore } from '../../src/cluster/object-store.ts'
import { readConfiguration } from '../../src/configuration/read-configuration.ts'
import { createWorld, found } from '../prediction/world.ts'
import type { Script } from '../prediction/world.ts'
import { joined } from '../support/joined.ts'

interface Case {
  title: string
  /** Of a Deployment with one container, unless `manifest` is given. */
  image: string
  manifest?: (image: string) => string
  configuration?: string
  answer?: Script
  /** How reports call the registry, and the reference of the JSON report. */
  expected: [registry: string, reference: string | null]
}

const deployment = (image: string, more = '', annotations = '{}'): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, annotations: ${annotations} }
spec:
  template:
    metadata: { labels: { sidecar.istio.io/inject: 'true' } }
    spec: { containers: [{ name: c, image: '${image}' }], ${more} }
`

const inVolume = (image: string): string =>
  deployment('r.test/c:1', `volumes: [{ name: v, image: { reference: '${image}' } }]`)

const triggered = (image: string): string =>
  deployment(image, '', `{ image.openshift.io/triggers: '[]' }`)

const workflow = (image: string): string => `
apiVersion: flows.test/v1
kind: Flow
metadata: { name: web }
spec: { image: '${image}' }
`

const tooLate = Promise.withResolvers<typeof found>()
t.teardown(() => tooLate.resolve(found))

const NOT_A_NAME = '(not a valid name)'
const LATER = '(filled in later)'

const cases: Case[] = [
  {
    title: 'judged',
    image: 'r.test/a:1',
    expected: ['r.test', 'r.test/a:1'],
  },
  {
    title: 'a host that only a runtime reads as one',
    image: 'a_b.test/c/a:1',
    expected: ['a_b.test', 'a_b.test/c/a:1'],
  },
  { title: 'not a name', image: 'r.test/A:1', expected: [NOT_A_NAME, null] },
  { title: 'no image', image: '', expected: [NOT_A_NAME, null] },
  {
    title: 'an exempt image',
    image: 'nginx:1',
    configuration: 'exempt: { images: ["**nginx:*"] }',
    expected: ['docker.io', 'docker.io/library/nginx:1'],
  },
  {
    title: 'an exempt image whose name is not valid',
    image: 'r.test/A:1',
    configuration: 'exempt: { images: ["r.test/A:*"] }',
    expected: [NOT_A_NAME, null],
  },
  {
    title: 'a preloaded image',
    image: 'r.test/a:1',
    configuration: 'preloadedImages: ["r.test/*"]',
    expected: ['r.test', 'r.test/a:1'],
  },
  {
    title: 'a registry that is not asked',
    image: 'r.test/a:1',
    configuration: 'registries: [{ host: r.test, skip: true }]',
    expected: ['r.test', 'r.test/a:1'],
  },
  { title: 'filled in by Istio', image: 'auto', expected: [LATER, null] },
  {
    title: 'filled in by OpenShift, whatever it is now',
    image: 'r.test/a:1',
    manifest: triggered,
    expected: [LATER, null],
  },
  {
    title: 'a volume left empty',
    image: '',
    manifest: inVolume,
    expected: [LATER, null],
  },
  {
    title: 'a variable in a custom resource',
    image: '{{ inputs.image }}',
    manifest: workflow,
    expected: [LATER, null],
  },
  {
    title: 'a variable in a Deployment, which nothing fills in',
    image: '{{ .Values.image }}',
    expected: [NOT_A_NAME, null],
  },
  {
    title: 'not looked up in time',
    image: 'r.test/a:1',
    answer: () => tooLate.promise,
    expected: ['r.test', 'r.test/a:1'],
  },
  {
    title: 'a fault of ours',
    image: 'r.test/a:1',
    answer: () => {
      throw new TypeError('a fault')
    },
    expected: ['r.test', 'r.test/a:1'],
  },
]

async function judge({
  image,
  manifest = deployment,
  configuration: yaml = '',
  answer = () => found,
}: Case): Promise<AuditedObject[]> {
  const read = readConfiguration(
    `${yaml}\ncustomResources: [{ apiVersion: flows.test/v1, kind: Flow, images: [spec.image] }]`,
    'pullgate.yaml',
  )
  if (!('configuration' in read)) throw new TypeError(JSON.stringify(read))
  const { configuration } = read
  const { workloads } = collectManifests([{ file: 'a.yaml', content: manifest(image) }], {
    rules: configuration.customResources,
    namespace: 'team-a',
  })
  const facts = offlineFacts(createObjectStore([]))
  const world = await createWorld({ answer, facts })
  return auditWorkloads(workloads, {
    predictor: {
      predict: ({ workload, images, signal }) =>
        world.predict({ ...workload, images }, signal),
    },
    facts,
    configuration,
    objectTimeoutMs: 200,
    signal: new AbortController().signal,
  })
}

for (const row of cases) {
  t.test(`the registry of an image: ${row.title}`, async (t) => {
    const objects = await judge(row)
    for (const audited of objects)
      audited.images = audited.images.filter(
        ({ decision }) => decision.prediction.use.image === row.image,
      )

    const [shown] = [...rowsOf({ objects })].map(({ registry }) => registry)
    const report = JSON.parse(joined(jsonReport({ objects, problems: [] }))) as Report
    t.same([shown, report.results[0]?.images[0]?.reference], row.expected)
    const [group] = groupObjects(objects).registries
    if (group !== undefined) t.equal(group.key, row.expected[0])
  })
}

interface Report {
  results: { images: { reference: string | null }[] }[]
}

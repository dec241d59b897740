import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { demoConfiguration } from '../../src/demo/demo-configuration.ts'
import { startDemoRegistry } from '../../src/demo/demo-registry.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { deployment, object, pod, replicaSet } from './owned-objects.ts'

const missing = 'registry.acme.test/team/web:1.277'
const suspended = { suspend: true }
const finished = { conditions: [{ type: 'Complete', status: 'True' }] }

const cronJob = object('batch/v1', 'CronJob', 'nightly', {
  image: missing,
  labels: { app: 'nightly' },
  spec: suspended,
})
const job = (name: string, shape: { spec?: object; status?: object } = {}) =>
  object('batch/v1', 'Job', name, {
    owner: ['CronJob', 'nightly'],
    image: missing,
    ...shape,
  })
const podOf = (kind: string, name: string) =>
  pod(`${name}-x`, { owner: [kind, name], image: missing, node: 'n1' })

interface Report {
  results: { object: { kind: string; name: string }; action: string }[]
  summary: { inactive: number }
  groups: { nodes: object[]; causes: object[] }
}

/** Names of what was judged, and the whole report. */
async function audit(test: Test, objects: readonly object[], args: string[] = []) {
  const registry = await startDemoRegistry()
  test.teardown(() => registry.close())
  const items = { apiVersion: 'v1', kind: 'List', items: objects }
  const cwd = test.testdir({ cluster: { 'all.json': JSON.stringify(items) } })
  await writeFile(join(cwd, 'config.yaml'), demoConfiguration(registry))
  const command = ['audit', '--standalone', 'cluster', '--config', 'config.yaml']
  const { code, stdout } = await runInProcess([...command, ...args, '-o', 'json'], {
    cwd,
  })
  const report = JSON.parse(stdout) as Report
  const names = report.results.map(({ object: { kind, name } }) => `${kind} ${name}`)
  return { code, names, report }
}

t.test('a Job that runs of a suspended CronJob is a row of its own', async (t) => {
  const objects = [
    cronJob,
    job('manual'),
    podOf('Job', 'manual'),
    job('over', { status: finished }),
    job('held', { spec: suspended }),
  ]

  const { code, names, report } = await audit(t, objects)

  t.strictSame(names, ['Job manual'])
  t.equal(code, 1)
  t.equal(report.summary.inactive, 1, 'the CronJob, which is still left out')
  t.match(report.groups.causes, [
    { key: 'ImageNotFound', pods: 1, blastRadius: { certain: 1, possible: 0 } },
  ])
  t.match(report.groups.nodes, [{ key: 'n1', pods: 1 }])
})

t.test('it is chosen by the labels of its CronJob, as one that is active', async (t) => {
  const objects = [cronJob, job('manual')]

  t.strictSame((await audit(t, objects, ['-l', 'app=nightly'])).names, ['Job manual'])
  t.strictSame((await audit(t, objects, ['-l', 'app!=nightly'])).names, [])
})

t.test('where the CronJob is judged its Jobs are folded into it', async (t) => {
  const objects = [cronJob, job('manual'), podOf('Job', 'manual')]

  const { names, report } = await audit(t, objects, ['--include-inactive'])

  t.strictSame(names, ['CronJob nightly'])
  t.match(report.groups.nodes, [{ key: 'n1', pods: 1 }])
})

t.test('what its controller is about to remove is no row', async (t) => {
  const { names, report } = await audit(t, [
    deployment('web', { image: missing, spec: { replicas: 0 } }),
    replicaSet('web-1', {
      owner: ['Deployment', 'web'],
      image: missing,
      spec: { replicas: 1 },
    }),
    podOf('ReplicaSet', 'web-1'),
    object('batch/v1', 'Job', 'held', { image: missing, spec: suspended }),
    podOf('Job', 'held'),
  ])

  t.strictSame(names, [])
  t.equal(report.summary.inactive, 2)
})

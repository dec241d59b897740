import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { demoConfiguration } from '../../src/demo/demo-configuration.ts'
import { startDemoRegistry } from '../../src/demo/demo-registry.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { findBinaries } from './binaries.ts'
import { startControlPlane } from './control-plane.ts'
import { definitionFiles } from '../audit/report-schemas.ts'
import { deployment, nodeOf, otherWorkloads } from './objects.ts'
import { readerOf } from './reader.ts'
import { mustRun } from './release.ts'

/** A first run builds Kubernetes. */
const TIMEOUT_MS = 1_800_000
const say = (line: string): void => void process.stderr.write(`cluster: ${line}\n`)

/** Together 2,000 workloads in 20 namespaces; Deployments have no Pods, so that the controllers keep up. */
const DEPLOYMENTS = 65
const OTHERS = 5
const NAMESPACES = Array.from({ length: 20 }, (_, index) => `team-${index}`)
const good = 'registry.acme.test/team/web:1.27'
const bad = 'registry.acme.test/team/web:1.277'

t.setTimeout(TIMEOUT_MS)
const binaries = await findBinaries({ env: process.env, log: say })
if ('missing' in binaries) {
  say(binaries.missing)
  if (process.env.PULLGATE_REQUIRE_PARTS === '1') t.fail(binaries.missing)
  else t.plan(0, binaries.missing)
} else {
  const plane = await startControlPlane(t, binaries)
  const registry = await startDemoRegistry()
  t.teardown(() => registry.close())
  const directory = t.testdir({})
  await writeFile(join(directory, 'pullgate.yaml'), demoConfiguration(registry))
  const namespaces = NAMESPACES.map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  }))
  await mustRun(plane, ['create', '-f', '-'], namespaces)
  const kubeconfig = await readerOf(plane, 'pullgate-audit')
  await mustRun(plane, ['create', '-f', '-'], [nodeOf('node-1'), nodeOf('node-2')])
  for (const name of ['node-1', 'node-2'])
    // What the controller that is not here does once a Node is ready.
    await mustRun(plane, ['taint', 'node', name, 'node.kubernetes.io/not-ready-'])
  // Before the controllers have 2,000 others to look after.
  const running = deployment('lost', { image: bad, nodeName: 'node-1' }, 2)
  await mustRun(plane, ['create', '-n', 'team-0', '-f', '-'], [running])
  const twoPods = '--for=jsonpath={.status.replicas}=2'
  const wait = ['wait', '-n', 'team-0', 'deployment/lost', '--timeout=120s']
  await mustRun(plane, wait.concat(twoPods))
  for (const namespace of NAMESPACES) {
    const objects = [
      ...Array.from({ length: DEPLOYMENTS }, (_, index) =>
        deployment(`web-${index}`, { image: index === 0 ? bad : good }, 0),
      ),
      ...Array.from({ length: OTHERS }, (_, index) =>
        otherWorkloads(`other-${index}`, { image: good }),
      ).flat(),
    ]
    await mustRun(plane, ['create', '-n', namespace, '-f', '-'], objects)
  }

  t.test('audits 2,000 workloads of a real API server', async (t) => {
    const before = registry.requests.length
    const startedAtMs = performance.now()

    const { code, stdout, stderr } = await runInProcess(
      [
        'audit',
        '--kubeconfig',
        kubeconfig,
        '--config',
        'pullgate.yaml',
        '--include-inactive',
        '-o',
        'json',
      ],
      { cwd: directory },
    )

    say(`audited in ${Math.round(performance.now() - startedAtMs)} ms`)
    t.equal(stderr, '')
    t.equal(code, 1)
    const report = JSON.parse(stdout) as {
      results: { object: { kind: string; namespace: string } }[]
      groups: Record<'causes' | 'registries' | 'namespaces' | 'nodes', object[]>
    }
    const own = report.results.filter(({ object }) =>
      NAMESPACES.includes(object.namespace),
    )
    t.equal(own.length, NAMESPACES.length * (DEPLOYMENTS + 7 * OTHERS) + 1)
    const lost = { pods: 2, blastRadius: { certain: 2, possible: 0 } }
    const { groups } = report
    const objects = NAMESPACES.length + 1
    t.match(groups.causes, [{ key: 'ImageNotFound', objects, images: 1, ...lost }])
    t.match(groups.registries, [{ key: 'registry.acme.test', objects, ...lost }])
    t.match(groups.namespaces[0], { key: 'team-0', objects: 2, ...lost })
    t.equal(groups.namespaces.length, NAMESPACES.length)
    t.match(groups.nodes, [{ key: 'node-1', objects: 1, ...lost }])
    const asked = registry.requests
      .slice(before)
      .map(({ method, target }) => `${method} ${target}`)
    t.equal(asked.length, new Set(asked).size, 'every question once')
  })

  t.test('audits one namespace alone', async (t) => {
    const { code, stdout } = await runInProcess(
      ['audit', '--kubeconfig', kubeconfig, '--config', 'pullgate.yaml', '-n', 'team-3'],
      { cwd: directory },
    )
    t.equal(code, 0)
    t.match(stdout, /StatefulSet team-3\/other-0/)
    t.notMatch(stdout, /Deployment/)
  })

  t.test('a run fails, or not, by what is asked of it', async (t) => {
    const baseline = join(directory, 'baseline.json')
    const rows: [args: string[], code: number][] = [
      [['--include-inactive', '-o', `json=${baseline}`], 1],
      [['--include-inactive', '--baseline', baseline], 0],
      [['-n', 'team-0'], 1],
      [['-n', 'team-0', '--fail-on', 'never'], 0],
      [['-n', 'team-0', '-l', 'app=lost'], 0],
      [['-n', 'nowhere'], 2],
    ]
    for (const [args, code] of rows) {
      const all = ['audit', '--kubeconfig', kubeconfig, '--config', 'pullgate.yaml']
      const run = await runInProcess([...all, ...args], { cwd: directory })
      t.equal(run.code, code, `${args.join(' ')} ${run.stderr}`)
    }
  })

  t.test('its report objects are taken whole by the API server', async (t) => {
    for (const file of definitionFiles)
      await mustRun(plane, ['create', '-f', fileURLToPath(file)])
    for (const [format, plural] of [
      ['policyreport', 'policyreports.wgpolicyk8s.io'],
      ['openreports', 'reports.openreports.io'],
    ] as const) {
      const definition = `crd/${plural}`
      await mustRun(plane, ['wait', definition, '--for=condition=Established'])
      const where = ['audit', '--kubeconfig', kubeconfig, '--config', 'pullgate.yaml']
      const what = ['--include-inactive', '-n', 'team-0', '-n', 'team-1', '-o', format]
      const { stdout } = await runInProcess(where.concat(what), { cwd: directory })
      // Strict: a field that the definition does not have is an error.
      await mustRun(plane, ['create', '--validate=strict', '-f', '-'], stdout)
      const stored = await mustRun(plane, ['get', plural, '-A', '-o', 'json'])
      const { items } = JSON.parse(stored.stdout) as { items: object[] }
      t.match(items, [
        { metadata: { namespace: 'team-0', name: 'pullgate' }, summary: { fail: 2 } },
        { metadata: { namespace: 'team-1', name: 'pullgate' }, summary: { fail: 1 } },
      ])
    }
  })
}

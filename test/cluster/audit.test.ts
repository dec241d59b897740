import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { demoConfiguration } from '../../src/demo/demo-configuration.ts'
import { startDemoRegistry } from '../../src/demo/demo-registry.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { findBinaries } from './binaries.ts'
import { startControlPlane, type ControlPlane } from './control-plane.ts'
import { codeBlocks, readDocument } from '../docs/markdown.ts'
import { deployment, otherWorkloads } from './objects.ts'
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
  const kubeconfig = await auditorOf(plane)
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
      groups: { causes: object[] }
    }
    const own = report.results.filter(({ object }) =>
      NAMESPACES.includes(object.namespace),
    )
    t.equal(own.length, NAMESPACES.length * (DEPLOYMENTS + 7 * OTHERS))
    t.match(report.groups.causes, [{ key: 'ImageNotFound', objects: NAMESPACES.length }])
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
}

/** One who may do what docs/audit.md says, and nothing else. */
async function auditorOf(plane: ControlPlane): Promise<string> {
  const { text } = readDocument('docs/audit.md')
  const role = codeBlocks(text).find(({ language }) => language === 'yaml')?.code ?? ''
  const subject = ['-n', 'default', 'serviceaccount', 'auditor']
  await plane.kubectl(['create', '-f', '-'], { input: role })
  await mustRun(plane, ['create', ...subject])
  await mustRun(plane, [
    'create',
    'clusterrolebinding',
    'auditor',
    '--clusterrole=pullgate-audit',
    '--serviceaccount=default:auditor',
  ])
  const { stdout } = await mustRun(plane, ['create', 'token', '-n', 'default', 'auditor'])
  return plane.writeKubeconfig('auditor', stdout.trim())
}

/**
 * Memory and requests of `pullgate audit` on a large cluster: `node bench/audit.ts [DEPLOYMENTS] [IMAGES]`. The API server and
 * the registries are in this process, pullgate in another.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBigCluster } from '../test/support/big-cluster.ts'
import { measuredRun } from './measured-run.ts'

const MAX_MIB = 250
const [deployments = 10_000, images = 500] = process.argv.slice(2).map(Number)

const undo: (() => unknown)[] = []
const cluster = await startBigCluster(
  { teardown: (fn) => void undo.push(fn) },
  { deployments, images, registries: 20, nodes: 100 },
)
const directory = await mkdtemp(join(tmpdir(), 'pullgate-bench-'))
const files = {
  kubeconfig: join(directory, 'kubeconfig'),
  config: join(directory, 'c.yaml'),
}
await writeFile(files.kubeconfig, cluster.kubeconfig)
await writeFile(files.config, cluster.configuration)

const { code, seconds, cpuSeconds, peakMib } = await measuredRun([
  'audit',
  '--kubeconfig',
  files.kubeconfig,
  '--config',
  files.config,
  '--fail-on',
  'never',
  '-o',
  `json=${join(directory, 'report.json')}`,
])

const report = JSON.parse(await readFile(join(directory, 'report.json'), 'utf8')) as {
  results: unknown[]
  summary: object
}
const repeated = [...cluster.registryRequests].filter(([, times]) => times > 1)
const total = (counts: Map<string, number>): number =>
  [...counts.values()].reduce((sum, each) => sum + each, 0)
console.log(`exit code          ${code}`)
console.log(
  `objects            ${report.results.length} ${JSON.stringify(report.summary)}`,
)
console.log(`time               ${seconds.toFixed(1)} s`)
console.log(`CPU                ${cpuSeconds.toFixed(1)} s`)
console.log(`peak memory        ${peakMib.toFixed(0)} MiB (at most ${MAX_MIB})`)
console.log(`registry requests  ${total(cluster.registryRequests)}`)
console.log(`sent more than once ${repeated.length} ${repeated.slice(0, 5).join(' | ')}`)
console.log(`API requests       ${total(cluster.apiRequests)}`)
for (const [request, times] of cluster.apiRequests)
  if (times > 60) console.log(`  ${times} ${request}`)
if (process.env.KEEP) console.log(directory)
else await rm(directory, { recursive: true })
for (const each of undo) await each()
process.exitCode = code === 0 && peakMib <= MAX_MIB && repeated.length === 0 ? 0 : 1

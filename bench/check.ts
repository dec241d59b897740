/**
 * How near `pullgate check` comes to what round trips alone would take, and its memory: `node bench/check.ts [OBJECTS] [IMAGES]
 * [LATENCY_MS]`. The registries are in this process, pullgate in another.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { expectAllAllowed } from './all-allowed.ts'
import { measuredRun } from './measured-run.ts'

const [objects = 1000, images = 1000, latencyMs = 50] = process.argv.slice(2).map(Number)
const MAX_MIB = 250
const REGISTRIES = 20
/** Of one registry, as the transport has connections to one host. */
const PARALLEL = 16

const asked = new Map<string, number>()
let busiest = 0
let open = 0
let firstAtMs = Number.POSITIVE_INFINITY
let lastAtMs = 0
const server = createServer((request, response) => {
  const question = `${request.method} ${request.headers.host}${request.url}`
  asked.set(question, (asked.get(question) ?? 0) + 1)
  firstAtMs = Math.min(firstAtMs, performance.now())
  open += 1
  busiest = Math.max(busiest, open)
  setTimeout(() => {
    open -= 1
    lastAtMs = performance.now()
    response.writeHead(200, {
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      'docker-content-digest': `sha256:${'d'.repeat(64)}`,
      'content-length': '500',
    })
    response.end()
  }, latencyMs)
})
await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
const { port } = server.address() as AddressInfo

const hosts = Array.from({ length: REGISTRIES }, (_, each) => `r${each}.bench.test`)
const folder = await mkdtemp(join(tmpdir(), 'pullgate-bench-'))
const configuration = join(folder, 'configuration.yaml')
// A name of its own for each, so that each has connections of its own.
const registries = hosts.map((host, each) => ({
  host,
  endpoint: `http://127.0.0.${each + 1}:${port}`,
}))
await writeFile(configuration, stringify({ registries }))
const manifest = (each: number): string => {
  const image = each % images
  return `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: d-${each}, namespace: ns-${each % 50} }
spec:
  selector: { matchLabels: { app: d-${each} } }
  template:
    metadata: { labels: { app: d-${each} } }
    spec:
      containers:
        - name: web
          image: ${hosts[image % REGISTRIES]}/team/app-${image}:1
`
}
const files = join(folder, 'manifests.yaml')
await writeFile(
  files,
  Array.from({ length: objects }, (_, each) => manifest(each)).join(''),
)

const report = join(folder, 'report.json')
const ran = await measuredRun([
  'check',
  '--config',
  configuration,
  '-f',
  files,
  '-o',
  `json=${report}`,
])
const { summary } = JSON.parse(await readFile(report, 'utf8')) as { summary: object }
await expectAllAllowed(report, Math.min(objects, images))
const rounds = Math.ceil(images / REGISTRIES / PARALLEL)
const idealMs = rounds * latencyMs
const lookupsMs = lastAtMs - firstAtMs
const ratio = (ms: number): string => (ms / idealMs).toFixed(1)
const requests = [...asked.values()].reduce((sum, each) => sum + each, 0)
console.log(
  `${objects} objects, ${images} images, ${REGISTRIES} registries, ${latencyMs} ms`,
)
console.log(`exit code    ${ran.code} ${JSON.stringify(summary)}`)
console.log(`ideal        ${idealMs} ms, ${rounds} rounds of ${PARALLEL} at a registry`)
console.log(
  `look-ups     ${Math.round(lookupsMs)} ms from the first to the last, ratio ${ratio(lookupsMs)}`,
)
console.log(
  `whole run    ${Math.round(ran.seconds * 1000)} ms, ratio ${ratio(ran.seconds * 1000)}`,
)
console.log(`CPU          ${ran.cpuSeconds.toFixed(1)} s`)
console.log(`requests     ${requests}, ${busiest} at a time at most`)
console.log(`peak memory  ${ran.peakMib.toFixed(0)} MiB (at most ${MAX_MIB})`)
server.closeAllConnections()
server.close()
await rm(folder, { recursive: true, force: true })
process.exitCode = ran.code === 0 && ran.peakMib <= MAX_MIB && requests === images ? 0 : 1

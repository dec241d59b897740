import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable, Readable } from 'node:stream'
import { stringify } from 'yaml'
import { runCommand } from '../src/commands/run-command.ts'

// How near `pullgate check` comes to what round trips alone would take: node bench/check.ts [OBJECTS] [IMAGES] [LATENCY_MS]

const [objects = 1000, images = 1000, latencyMs = 50] = process.argv.slice(2).map(Number)
const REGISTRIES = 20
/** Of one registry, as the transport has connections to one host. */
const PARALLEL = 16

let requests = 0
let busiest = 0
let open = 0
const server = createServer((_request, response) => {
  requests += 1
  open += 1
  busiest = Math.max(busiest, open)
  setTimeout(() => {
    open -= 1
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

let written = 0
const sink = new Writable({
  write(chunk: Buffer, _encoding, done) {
    written += chunk.length
    done()
  },
})
const start = performance.now()
const code = await runCommand(
  ['check', '--config', configuration, '-f', files, '-o', 'json'],
  {
    stdin: Readable.from([]),
    stdout: sink,
    stderr: process.stderr,
    env: {},
    cwd: folder,
    isTerminal: false,
    columns: 100,
    signal: new AbortController().signal,
  },
)
const tookMs = performance.now() - start
const { user, system } = process.cpuUsage()
const rounds = Math.ceil(images / REGISTRIES / PARALLEL)
const idealMs = rounds * latencyMs
const megabytes = Math.round(process.resourceUsage().maxRSS / 1024)
console.log(
  `${objects} objects, ${images} images, ${REGISTRIES} registries, ${latencyMs} ms: exit code ${code}`,
)
console.log(
  `${requests} requests, at most ${busiest} at a time, ${written} bytes of JSON`,
)
console.log(
  `${Math.round(tookMs)} ms, ideal ${idealMs} ms (${rounds} rounds): ratio ${(tookMs / idealMs).toFixed(2)}; ${Math.round((user + system) / 1000)} ms of CPU, the registries' included; ${megabytes} MiB at most`,
)
server.closeAllConnections()
server.close()
await rm(folder, { recursive: true, force: true })

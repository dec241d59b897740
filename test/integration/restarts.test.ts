import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { Agent, Client, request } from 'undici'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import { scriptedRegistry, serveManifest } from '../registry/support/scripted-registry.ts'
import { podReview } from '../support/admission-reviews.ts'
import { namespace, node } from '../support/cluster-manifests.ts'
import { startPullgate } from '../support/pullgate-process.ts'
import type { RunningPullgate } from '../support/pullgate-process.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { writeFiles } from '../support/webhook.ts'
import type { WorkFiles } from '../support/webhook.ts'

// Stops and crashes of serve as a process, with clients as Go's: kept connections, one request at a time on each, and a
// request that fails is lost.

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const REGISTRY = 'registry.acme.test'

interface World {
  files: WorkFiles
  ca: string
  body: string
}

async function createWorld(t: Test): Promise<World> {
  const manifest = { body: '{"schemaVersion":2}', mediaType: OCI_MANIFEST }
  const registry = await scriptedRegistry(t, (incoming, response) => {
    // So that reviews are under way whenever something happens.
    setTimeout(() => serveManifest(incoming, response, manifest), 20)
  })
  const files = await writeFiles(t, {
    configuration: {
      registries: [{ host: REGISTRY, endpoint: registry.baseUrl }],
      cache: { tagTtl: '0s' },
    },
    manifests: [node('node-1'), namespace('team-a')],
  })
  const pair = await createSelfSigned({
    hosts: ['127.0.0.1'],
    nowMs: Date.now(),
    validDays: 1,
  })
  await writeFile(join(files.directory, 'tls.crt'), pair.cert)
  await writeFile(join(files.directory, 'tls.key'), pair.key)
  const images = [`${REGISTRY}/team/app:1`]
  const body = JSON.stringify(podReview({ namespace: 'team-a', images }))
  return { files, ca: pair.ca, body }
}

function argumentsOf({ directory, cluster, configuration }: WorkFiles, port: number) {
  return [
    'serve',
    `--standalone=${cluster}`,
    `--config=${configuration}`,
    `--tls-cert=${join(directory, 'tls.crt')}`,
    `--tls-key=${join(directory, 'tls.key')}`,
    `--listen=127.0.0.1:${port}`,
    '--metrics-listen=127.0.0.1:0',
    '--drain=2',
  ]
}

interface Replica {
  process: RunningPullgate
  port: number
  metrics: string
}

async function start(t: Test, files: WorkFiles, port = 0): Promise<Replica> {
  const process = startPullgate(t, argumentsOf(files, port))
  const line = await process.line(({ msg }) => msg === 'serving')
  const { address } = line as { address: { port: number } }
  return { process, port: address.port, metrics: String(line['metrics']) }
}

/** Forty callers with connections of their own, to whichever replica the Service sends new connections to. */
function load(t: Test, { ca, body }: World, service: { port: number }) {
  const lost: unknown[] = []
  const seen = { answered: 0, stopped: false, marks: 0, lostSinceMark: 0 }
  const agent = new Agent({
    pipelining: 1,
    keepAliveTimeout: 90_000,
    connect: (_options, callback) => {
      const { port } = service
      const socket = connectTls({ port, host: '127.0.0.1', ca, servername: '' }, () =>
        callback(null, socket),
      )
      socket.once('error', (error) => callback(error, null))
    },
  })
  t.teardown(async () => {
    seen.stopped = true
    await agent.destroy()
  })
  const caller = async (): Promise<void> => {
    while (!seen.stopped) {
      const { marks } = seen
      try {
        const response = await request('https://127.0.0.1/validate?timeout=5s', {
          method: 'POST',
          dispatcher: agent,
          headers: { 'content-type': 'application/json' },
          body,
        })
        const { response: verdict } = (await response.body.json()) as {
          response: { allowed: boolean }
        }
        if (verdict.allowed) seen.answered++
        else lost.push(verdict)
      } catch (error) {
        lost.push(error)
        if (marks === seen.marks) seen.lostSinceMark++
        // As long as nothing listens.
        await sleep(20)
      }
    }
  }
  const callers = Array.from({ length: 40 }, caller)
  return {
    lost,
    /** From now on, calls that begin and are lost are counted anew. */
    mark() {
      seen.marks++
      seen.lostSinceMark = 0
    },
    lostSinceMark: () => seen.lostSinceMark,
    /** Resolves once so many more reviews were answered. */
    async more(count: number) {
      const until = seen.answered + count
      while (seen.answered < until) await sleep(10)
    },
    async stop() {
      seen.stopped = true
      await Promise.all(callers)
    },
  }
}

await t.test('a rolling update under load loses no review', async (t) => {
  const world = await createWorld(t)
  const first = await start(t, world.files)
  const second = await start(t, world.files)
  const service = { port: first.port }
  const callers = load(t, world, service)
  await callers.more(100)
  for (const [old, next] of [
    [first, second],
    [second, await start(t, world.files)],
  ] as const) {
    old.process.signal('SIGTERM')
    // What the endpoints controller sees, and then no new connection comes.
    let status = 200
    while (status === 200) {
      const ready = await request(old.metrics.replace('/metrics', '/readyz'))
      await ready.body.dump()
      status = ready.statusCode
    }
    await callers.more(20)
    service.port = next.port
    t.equal((await old.process.ended).code, 0)
    await callers.more(100)
  }
  await callers.stop()
  t.same(callers.lost, [])
})

await t.test(
  'a connection that idled through the drain is closed, not reset',
  async (t) => {
    const world = await createWorld(t)
    const { process, port } = await start(t, world.files)
    const client = new Client(`https://127.0.0.1:${port}`, { connect: { ca: world.ca } })
    t.teardown(() => client.destroy())
    const ask = async () => {
      const headers = { 'content-type': 'application/json' }
      const { body } = world
      const options = { path: '/validate', method: 'POST', headers, body } as const
      const response = await client.request(options)
      await response.body.dump()
      return [response.statusCode, response.headers['connection']]
    }
    t.same(await ask(), [200, 'keep-alive'])
    process.signal('SIGTERM')
    await process.line(({ msg }) => msg === 'draining')
    t.same(await ask(), [200, 'close'], 'it is told to come back elsewhere')
    t.equal((await process.ended).code, 0)
  },
)

await t.test(
  'a killed process starts again at once, on the same port and files',
  async (t) => {
    const world = await createWorld(t)
    let replica = await start(t, world.files)
    const service = { port: replica.port }
    const callers = load(t, world, service)
    for (let crash = 0; crash < 2; crash++) {
      await callers.more(50)
      replica.process.signal('SIGKILL')
      await replica.process.ended
      replica = await start(t, world.files, service.port)
      t.equal(replica.port, service.port)
    }
    callers.mark()
    await callers.more(50)
    await callers.stop()
    t.equal(callers.lostSinceMark(), 0, 'and loses nothing from then on')
    t.ok(
      callers.lost.every((each) => each instanceof Error),
      'a crash fails calls, and denies nothing',
    )
  },
)

await t.test(
  'files that are half written end a start, and leave nothing behind',
  async (t) => {
    const { files } = await createWorld(t)
    const { directory } = files
    const half = async (name: string): Promise<string> => {
      const text = await readFile(join(directory, name), 'utf8')
      return text.slice(0, text.length / 2)
    }
    const free = createServer()
    await new Promise<void>((done) => free.listen(0, '127.0.0.1', done))
    const { port } = free.address() as AddressInfo
    await new Promise<void>((done) => void free.close(() => done()))
    for (const [name, broken] of [
      ['tls.crt', await half('tls.crt')],
      ['tls.key', await half('tls.key')],
      ['tls.crt', ''],
      ['tls.key', ''],
      ['configuration.yaml', 'registries:\n  - host: registry.acme.test\n    endpoi'],
      ['configuration.yaml', 'registries:\n  - host: "registry.ac'],
    ] as const) {
      const text = await readFile(join(directory, name), 'utf8')
      await writeFile(join(directory, name), broken)
      const { code, stderr } = await runInProcess(argumentsOf(files, port))
      await writeFile(join(directory, name), text)
      t.equal(code, 2, name)
      t.ok(stderr.includes(name), stderr)
    }
    const { process } = await start(t, files, port)
    process.signal('SIGTERM')
    t.equal((await process.ended).code, 0, 'the whole files start on the same port')
  },
)

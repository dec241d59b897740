import { writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { runInProcess } from '../support/run-in-process.ts'

// What a registry bears at a time, as docs/audit.md tells it.

const AT_A_TIME = 16
const IMAGES = 60
const HOSTS = ['a.acme.test', 'b.acme.test']

/** Long enough for a request too many to come. */
const GRACE_MS = 100

interface CountingRegistry {
  endpoint: string
  /** The most requests that it had at a time. */
  most: number
  /** Resolves once it has as many requests as it may have; none is answered before `open()`. */
  full: Promise<void>
  open: () => void
}

/** Has every image, and answers nothing until it is opened. */
async function startCountingRegistry(test: Test): Promise<CountingRegistry> {
  const held = new Set<ServerResponse>()
  const { promise: full, resolve: isFull } = Promise.withResolvers<void>()
  const { promise: opened, resolve: open } = Promise.withResolvers<void>()
  const registry = { endpoint: '', most: 0, full, open }
  const server = createServer((_, response) => {
    held.add(response)
    registry.most = Math.max(registry.most, held.size)
    if (held.size === AT_A_TIME) isFull()
    void answer(response, opened).then(() => held.delete(response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  test.teardown(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  registry.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return registry
}

async function answer(response: ServerResponse, opened: Promise<void>): Promise<void> {
  await opened
  await wait(2)
  const type = 'application/vnd.oci.image.manifest.v1+json'
  const digest = `sha256:${'d'.repeat(64)}`
  response.writeHead(200, { 'content-type': type, 'docker-content-digest': digest })
  response.end()
}

function pods(host: string): object[] {
  return Array.from({ length: IMAGES }, (_, index) => {
    const metadata = { name: `${host}-${index}`, namespace: 'default' }
    const spec = { containers: [{ name: 'c', image: `${host}/team/app-${index}:1` }] }
    return { apiVersion: 'v1', kind: 'Pod', metadata, spec }
  })
}

for (const args of [
  ['check', '-f', 'objects'],
  ['audit', '--standalone', 'objects'],
]) {
  t.test(`${args[0]} asks each registry ${AT_A_TIME} things at a time`, async (t) => {
    const cwd = t.testdir({ objects: {} })
    const registries = await Promise.all(HOSTS.map(() => startCountingRegistry(t)))
    const settings = registries.map(({ endpoint }, index) => ({
      host: HOSTS[index],
      endpoint,
    }))
    const config = JSON.stringify({ registries: settings, deadline: '60s' })
    await writeFile(join(cwd, 'config.yaml'), config)
    const items = HOSTS.flatMap(pods)
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
    await writeFile(join(cwd, 'objects/pods.yaml'), list)

    const running = runInProcess([...args, '--config', 'config.yaml'], { cwd })
    // One that waited for the other would never fill the second.
    await Promise.all(registries.map(({ full }) => full))
    await wait(GRACE_MS)
    for (const { open } of registries) open()
    const { code, stdout } = await running

    t.equal(code, 0)
    t.match(stdout, new RegExp(`^${HOSTS.length * IMAGES} images: `, 'm'))
    for (const { most } of registries) t.equal(most, AT_A_TIME)
  })
}

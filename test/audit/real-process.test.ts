import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { runPullgate, startPullgate } from '../support/pullgate-process.ts'
import type { Teardown } from '../support/token-server.ts'

// What only shows in a process of its own: signals, pipes and exit codes.

interface Stall {
  config: string
  /** Resolves when somebody waits for an answer that will not come. */
  reached: Promise<void>
}

/** A registry that has every image of the repository `good`, and says nothing about the others. */
async function startStallingRegistry(t: Teardown, folder: string): Promise<Stall> {
  const { promise: reached, resolve } = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/v2/good/') !== true) return resolve()
    const type = 'application/vnd.oci.image.manifest.v1+json'
    const digest = `sha256:${'d'.repeat(64)}`
    response.writeHead(200, { 'content-type': type, 'docker-content-digest': digest })
    return response.end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const config = join(folder, 'pullgate.yaml')
  const endpoint = `http://127.0.0.1:${port}`
  const registries = ['a.acme.test', 'b.acme.test'].map((host) => ({ host, endpoint }))
  await writeFile(config, JSON.stringify({ registries, deadline: '60s' }))
  return { config, reached }
}

function pod(name: string, image: string): string {
  const spec = { containers: [{ name: 'c', image }] }
  const metadata = { name, namespace: 'default' }
  return `---\n${JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec })}\n`
}

const commands = {
  check: (folder: string) => ['check', '-f', folder],
  audit: (folder: string) => ['audit', '--standalone', folder],
  explain: (folder: string) => ['explain', 'pod/slow', '--standalone', folder],
}

for (const [name, argsOf] of Object.entries(commands)) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    t.test(`${signal} ends ${name} with what was judged, one line and 2`, async (t) => {
      const folder = t.testdir({ objects: {} })
      const { config, reached } = await startStallingRegistry(t, folder)
      const objects = join(folder, 'objects')
      await writeFile(
        join(objects, 'pods.yaml'),
        pod('quick', 'a.acme.test/good:1') + pod('slow', 'b.acme.test/slow:1'),
      )
      const running = startPullgate(t, [...argsOf(objects), '--config', config])
      await reached
      // The quick one has its answer by now or soon; a report that says so is as good as one that does not.
      running.signal(signal)
      const { code, stdout, stderr } = await running.ended

      t.equal(code, 2)
      t.match(stderr, /^interrupted: /m)
      t.notMatch(stderr, /internal error|at .*\.ts:\d+/)
      if (name === 'explain') {
        t.match(stdout, 'b.acme.test/slow:1')
        return
      }
      t.match(stderr, /^interrupted: [01] of 2 objects were judged$/m)
      t.match(stdout, /^[01] images: [01] allow, 0 warn, 0 deny$/m)
      t.notMatch(stdout, 'slow', 'nothing is said of what was not judged')
    })
  }
}

t.test('a directory of 5,000 manifests, into a pipe that is closed', async (t) => {
  const folder = t.testdir({ many: {} })
  const names = Array.from({ length: 5000 }, (_, each) => `pod-${each}.yaml`)
  for (const name of names)
    await writeFile(join(folder, 'many', name), pod(name, 'localhost:5000/a'))
  await writeFile(join(folder, 'many', 'zz.yaml'), pod('bad', 'a.test/UPPER:1'))

  const running = startPullgate(t, ['check', '-f', join(folder, 'many'), '-o', 'json'])
  await running.output(/"results": \[/)
  running.closeOutput()
  const { code, stderr } = await running.ended

  t.equal(code, 1, 'that of the verdict')
  t.equal(stderr, '')
})

t.test('each bad input has its line, and the good ones their verdict', async (t) => {
  const folder = t.testdir({
    'broken.yaml': 'kind: [\nx: }\n',
    'good.yaml': pod('good', 'localhost:5000/a'),
    'kind.yaml': 'apiVersion: v1\nkind: Podd\n',
  })
  const at = (name: string): string => join(folder, name)
  await writeFile(at('binary.yaml'), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1]))
  await writeFile(at('huge.yaml'), '')
  await truncate(at('huge.yaml'), 65 * 1024 * 1024)
  await symlink('loop.yaml', at('loop.yaml'))
  await mkdir(at('none'))
  const rows: [name: string, says: RegExp][] = [
    ['binary.yaml', /binary\.yaml:1:1: this is binary, not YAML: it holds a NUL\n/],
    ['broken.yaml', /broken\.yaml:2:1: Flow sequence .*\n/],
    ['huge.yaml', /^cannot read \S*huge\.yaml: it is larger than 64 MiB\n/m],
    ['kind.yaml', /kind\.yaml:2:7: Podd \(v1\) is no kind of Kubernetes .*\n/],
    ['loop.yaml', /^cannot read \S*loop\.yaml: a symbolic link leads to itself\n/m],
    ['absent.yaml', /^cannot read \S*absent\.yaml: no such file or folder\n/m],
  ]
  for (const [name, says] of rows) {
    const { code, stderr } = await runPullgate(['check', '-f', at(name)])
    t.equal(code, 2, name)
    t.match(stderr, says)
    t.equal(stderr.trimEnd().split('\n').length, 1, stderr)
  }

  const all = await runPullgate(['check', '-f', folder])

  t.equal(all.code, 0)
  t.match(all.stdout, /^1 image: 0 allow, 1 warn, 0 deny$/m)
  for (const [name, says] of rows) if (name !== 'absent.yaml') t.match(all.stderr, says)
})

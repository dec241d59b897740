import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { OCI_MANIFEST } from '../../src/registry/media-types.ts'
import { scriptedRegistry, serveManifest } from '../registry/support/scripted-registry.ts'
import { linuxNode } from '../support/linux-node.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { pod } from './owned-objects.ts'

// A registry that answers unknown names with a bare 404, which a proxy may give as well once the host has served images.

const IMAGES = ['bad:1', 'good:1', 'bad2:1']
const [GOOD, BAD] = [IMAGES.slice(1, 2), IMAGES.slice(0, 1)]

/** Holds the other answers back until those of one kind are through. */
async function startRegistry(test: Test, first: 'good' | 'bad'): Promise<string> {
  const { promise: through, resolve: pass } = Promise.withResolvers<void>()
  const registry = await scriptedRegistry(test, ({ line, ...request }, response) => {
    const isGood = line.includes('/good/')
    const isList = line.includes('/tags/')
    // The list is asked for once the 404 before it has been taken in.
    if (first === 'bad' && isList) pass()
    if (first === 'good' && isGood) response.on('close', pass)
    const turn = isList || isGood === (first === 'good') ? Promise.resolve() : through
    void turn.then(() => {
      if (!isGood) return response.writeHead(404).end()
      const answer = { body: '{}', mediaType: OCI_MANIFEST }
      return serveManifest({ line, ...request }, response, answer)
    })
  })
  return registry.baseUrl
}

/** What a command prints as JSON about these images, each a Pod or all in one. */
async function run(
  test: Test,
  command: 'check' | 'audit' | 'explain',
  { images, first }: { images: readonly string[]; first: 'good' | 'bad' },
) {
  const host = 'registry.acme.test'
  const endpoint = await startRegistry(test, first)
  const named = images.map((image) => `${host}/${image}`)
  const containers = named.map((image, index) => ({ name: `c${index}`, image }))
  const pods =
    command === 'explain'
      ? [pod('all', { spec: { containers } })]
      : containers.map(({ name, image }) => pod(name, { image }))
  const list = { apiVersion: 'v1', kind: 'List', items: [linuxNode('n1'), ...pods] }
  const cwd = test.testdir({ objects: { 'pods.json': JSON.stringify(list) } })
  const config = { registries: [{ host, endpoint }] }
  await writeFile(join(cwd, 'config.yaml'), JSON.stringify(config))
  const args = {
    check: ['check', ...named],
    audit: ['audit', '--standalone', 'objects'],
    explain: ['explain', '--standalone', 'objects', '-n', 'shop', 'pod/all'],
  }[command]
  return runInProcess([...args, '--config', 'config.yaml', '-o', 'json'], { cwd })
}

for (const command of ['check', 'audit'] as const) {
  t.test(`${command} says the same, whichever image is answered first`, async (t) => {
    const one = await run(t, command, { images: IMAGES, first: 'bad' })
    const other = await run(t, command, { images: IMAGES, first: 'good' })

    t.equal(one.stdout, other.stdout)
    t.equal(one.code, 0)
    t.match(JSON.parse(one.stdout), { summary: { allow: 1, warn: 2, deny: 0 } })
  })

  t.test(`${command} denies where the host serves nothing`, async (t) => {
    const { code, stdout } = await run(t, command, { images: BAD, first: 'bad' })

    t.equal(code, 1)
    t.match(JSON.parse(stdout), { summary: { deny: 1 } })
  })
}

t.test('explain says the same, whichever image is answered first', async (t) => {
  const images = [...BAD, ...GOOD]
  const one = await run(t, 'explain', { images, first: 'bad' })
  const other = await run(t, 'explain', { images, first: 'good' })

  t.equal(one.stdout, other.stdout)
  t.match(JSON.parse(one.stdout), {
    images: [{ cause: 'ImageNotFound', certainty: 'uncertain' }, { cause: null }],
  })
})

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import t, { type Test } from 'tap'
import { runCommand } from '../../src/commands/run-command.ts'
import { startBigCluster } from '../support/big-cluster.ts'
import { runInProcess } from '../support/run-in-process.ts'

const big = { deployments: 600, images: 100, registries: 5, nodes: 4 }

async function bigWorld(test: Test) {
  const cluster = await startBigCluster(test, big)
  const cwd = test.testdir({})
  await writeFile(join(cwd, 'kubeconfig'), cluster.kubeconfig)
  await writeFile(join(cwd, 'config.yaml'), cluster.configuration)
  const args = ['audit', '--kubeconfig', 'kubeconfig', '--config', 'config.yaml']
  return { cluster, cwd, args }
}

interface Report {
  results: unknown[]
  summary: object
  groups: Record<string, { key: string; pods: number; blastRadius: object }[]>
}

t.test(
  'every distinct question is asked once, and groups tell how widespread it is',
  async (t) => {
    const { cluster, cwd, args } = await bigWorld(t)

    const { code, stdout, stderr } = await runInProcess([...args, '-o', 'json'], { cwd })

    t.equal(stderr, '')
    t.equal(code, 1)
    const report = JSON.parse(stdout) as Report
    t.same(report.summary, { images: 600, allow: 540, warn: 0, deny: 60, inactive: 0 })
    t.strictSame(
      [...cluster.registryRequests].filter(([, times]) => times > 1),
      [],
    )
    const secrets = [...cluster.apiRequests].filter(([path]) =>
      path.includes('/secrets/'),
    )
    t.equal(secrets.length, 50)
    t.ok(secrets.every(([, times]) => times === 1))
    t.match(report.groups.causes, [
      { key: 'ImageNotFound', objects: 60, images: 10, deny: 60, pods: 60 },
    ])
    t.same(report.groups.causes?.[0]?.blastRadius, { certain: 60, possible: 0 })
    t.equal(
      report.groups.nodes?.reduce((sum, { pods }) => sum + pods, 0),
      60,
    )
  },
)

t.test('Ctrl-C gives the report of what was judged, and 2', async (t) => {
  const { cwd, args } = await bigWorld(t)
  const interruption = new AbortController()
  const output = { stdout: '', stderr: '' }
  const into = (name: keyof typeof output, extra: object = {}): Writable =>
    Object.assign(
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          output[name] += chunk.toString()
          if (output[name].includes('judging')) interruption.abort()
          done()
        },
      }),
      extra,
    )

  const code = await runCommand([...args, '-o', 'json'], {
    stdin: Readable.from([]),
    stdout: into('stdout'),
    stderr: into('stderr', { isTTY: true }),
    env: {},
    cwd,
    isTerminal: false,
    columns: 100,
    signal: interruption.signal,
  })

  t.equal(code, 2)
  t.match(output.stderr, /judging 0 of 600 objects/)
  t.match(output.stderr, /interrupted: \d+ of 600 objects were judged/)
  const { results } = JSON.parse(output.stdout) as Report
  t.ok(results.length < 600)
})

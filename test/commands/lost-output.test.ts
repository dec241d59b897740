import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { runPullgate } from '../support/pullgate-process.ts'

// Every write to /dev/full fails, as to a full disk. What cannot be written is said, and costs nothing else.

async function full(t: Test): Promise<number> {
  const file = await open('/dev/full', 'w')
  t.teardown(() => file.close())
  return file.fd
}

const DENIED = 'a.test/UPPER:1'
/** So many of them need several writes. */
const MANY = Array.from({ length: 300 }, (_, each) => `a.test/UPPER:${each}`)

for (const [name, images] of [
  ['a report', [DENIED]],
  ['a long report', MANY],
] as const) {
  t.test(`${name} to standard output that is full`, async (t) => {
    const cwd = t.testdir({})

    const { code, stderr } = await runPullgate(
      ['check', '-o', 'html', '-o', 'json=y.json', ...images],
      { cwd, stdout: await full(t) },
    )

    t.equal(code, 2)
    t.equal(stderr, 'cannot write standard output: no space is left\n')
    const report = JSON.parse(await readFile(join(cwd, 'y.json'), 'utf8'))
    t.match(report, { summary: { images: images.length } })
  })
}

t.test('standard error that is full costs no report', async (t) => {
  const cwd = t.testdir({})

  const { code, stdout } = await runPullgate(
    ['check', '-o', 'table', '-o', 'json=y.json', DENIED, 'absent.yaml'],
    { cwd, stderr: await full(t) },
  )

  t.equal(code, 2)
  t.match(stdout, /^1 image: 0 allow, 0 warn, 1 deny$/m)
  t.match(JSON.parse(await readFile(join(cwd, 'y.json'), 'utf8')), {
    summary: { deny: 1 },
  })
})

t.test('a help text that nobody gets is no success', async (t) => {
  const { code, stderr } = await runPullgate(['check', '--help'], {
    stdout: await full(t),
  })

  t.equal(code, 2)
  t.equal(stderr, 'cannot write standard output: no space is left\n')
})

import { spawnSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { chmod, open, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { runPullgate, startPullgate } from '../support/pullgate-process.ts'

// Ctrl-C while something that is read says nothing more: a line about it, 2, and no process that is left behind.

/** What is left behind sleeps longer. */
const PATIENCE_MS = 10_000
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** For what comes next to begin to wait; nothing fails when it has not. */
const MOMENT_MS = 300
const pod =
  'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: c, image: "localhost:5000/a" }] }\n'

function makePipe(folder: string, name = 'pipe'): string {
  const path = join(folder, name)
  const { status } = spawnSync('mkfifo', [path])
  if (status !== 0) throw new Error(`mkfifo ended with ${status}`)
  return path
}

for (const signal of SIGNALS) {
  t.test(`${signal} while standard input is not closed`, async (t) => {
    const pipe = makePipe(t.testdir({}))
    const running = startPullgate(t, ['check', '-f', pipe, '-f', '-'])
    // Opens once it is read; standard input comes next.
    await writeFile(pipe, pod)

    running.signal(signal)
    const { code, stdout, stderr } = await running.ended

    t.equal(code, 2)
    t.match(stderr, /^interrupted: 0 of [01] objects were judged$/m)
    t.notMatch(stderr, /internal error|at .*\.ts:\d+/)
    t.equal(stdout, '0 images: 0 allow, 0 warn, 0 deny\n')
  })
}

for (const signal of SIGNALS) {
  t.test(`${signal} while nobody writes into a named pipe`, async (t) => {
    const folder = t.testdir({})
    const [written, unwritten] = [makePipe(folder), makePipe(folder, 'unwritten')]
    const running = startPullgate(t, ['check', '-f', written, '-f', unwritten])
    await writeFile(written, pod)
    await wait(MOMENT_MS)

    running.signal(signal)
    const { code, stderr } = await running.ended

    t.equal(code, 2)
    t.match(stderr, /^interrupted: 0 of [01] objects were judged$/m)
    t.notMatch(stderr, /internal error|at .*\.ts:\d+/)
  })
}

t.test('Ctrl-C while nobody reads a report from a named pipe', async (t) => {
  const folder = t.testdir({})
  const [input, report] = [makePipe(folder), makePipe(folder, 'report')]
  const running = startPullgate(t, ['check', '-f', input, '-o', `json=${report}`])
  await writeFile(input, pod)
  await wait(MOMENT_MS)

  running.signal('SIGINT')
  const { code, stderr } = await running.ended

  t.equal(code, 2)
  t.match(stderr, /^cannot write .*report: nobody is at the other end of it$/m)
})

for (const option of ['--baseline', '--config']) {
  t.test(`Ctrl-C while nobody writes into the pipe of ${option}`, async (t) => {
    const pipe = makePipe(t.testdir({}))
    const running = startPullgate(t, ['check', 'a.test/UPPER', option, pipe])
    // Opens once it is read.
    const silent = await open(pipe, 'w')
    t.teardown(() => silent.close())

    running.signal('SIGINT')
    const { code, stdout, stderr } = await running.ended

    t.equal(code, 2)
    t.equal(stdout, '')
    t.match(stderr, /^pullgate check: interrupted while reading \S+\n$/)
  })
}

t.test('a baseline and a configuration come through named pipes', async (t) => {
  const folder = t.testdir({})
  const [baseline, config] = [makePipe(folder), makePipe(folder, 'config')]
  const args = ['check', 'a.test/UPPER', '--baseline', baseline, '--config', config]
  const running = startPullgate(t, args)
  const { stdout: report } = await runPullgate(['check', 'a.test/UPPER', '-o', 'json'])
  await writeFile(baseline, report)
  await writeFile(config, 'mode: warn\n')

  const { code, stdout } = await running.ended

  t.equal(code, 0)
  t.match(stdout, '(in the baseline)')
})

t.test('a report goes through a named pipe, to whoever comes late', async (t) => {
  const folder = t.testdir({})
  const [input, report] = [makePipe(folder), makePipe(folder, 'report')]
  const running = startPullgate(t, ['check', '-f', input, '-o', `json=${report}`])
  await writeFile(input, 'kind: ConfigMap\napiVersion: v1\n')
  await wait(MOMENT_MS)

  const text = await readFile(report, 'utf8')
  const { code, stderr } = await running.ended

  t.same(JSON.parse(text).results, [])
  t.equal(stderr, '')
  t.equal(code, 0)
})

t.test('a device without an end is too large', async (t) => {
  const { code, stderr } = await runPullgate(['check', '-f', '/dev/zero'])

  t.match(stderr, /^cannot read \/dev\/zero: it is larger than 64 MiB$/m)
  t.equal(code, 2)
})

/** What stands for kubectl, once it holds the pipe. All that it starts holds it too. */
const programs = {
  sleeps: 'exec sleep 60',
  'waits for a git of its own': 'sleep 60 & wait',
  'heeds no signal': `trap '' INT TERM; sleep 60; sleep 60`,
}

/** Resolves with the running pullgate once kubectl has started; nothing holds the pipe once `released` resolves. */
async function renderWith(t: Test, script: string) {
  const folder = t.testdir({ bin: {}, base: {} })
  const pipe = makePipe(folder)
  const kubectl = join(folder, 'bin/kubectl')
  const text = `#!/bin/sh\nexec 3>'${pipe}'\necho started >&3\n${script}\n`
  await writeFile(kubectl, text)
  await chmod(kubectl, 0o755)
  const reader = createReadStream(pipe, 'utf8')
  const started = new Promise((resolve) => reader.once('data', resolve))
  const ended = new Promise((resolve) => reader.once('end', resolve))
  const env = { PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter) }
  const running = startPullgate(t, ['check', '-k', join(folder, 'base')], env)
  await started
  return {
    running,
    isReleased: async (): Promise<boolean> => {
      await Promise.race([ended, wait(PATIENCE_MS, undefined, { ref: false })])
      return reader.readableEnded
    },
  }
}

for (const [name, script] of Object.entries(programs)) {
  t.test(`Ctrl-C while kubectl ${name}`, async (t) => {
    const { running, isReleased } = await renderWith(t, script)

    running.signal('SIGINT')
    const { code, stderr } = await running.ended

    t.equal(code, 2)
    const lines = stderr.trimEnd().split('\n')
    t.match(lines, [
      /^cannot render .*base: interrupted$/,
      /^interrupted: 0 of 0 objects/,
    ])
    t.equal(lines.length, 2)
    t.ok(await isReleased(), 'nothing is left of it')
  })

  t.test(`two signals while kubectl ${name}`, async (t) => {
    const { running, isReleased } = await renderWith(t, script)

    running.signal('SIGHUP')
    running.signal('SIGTERM')
    await running.ended

    t.ok(await isReleased(), 'nothing is left of it')
  })
}

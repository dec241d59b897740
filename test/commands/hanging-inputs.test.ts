import { spawnSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { startPullgate } from '../support/pullgate-process.ts'

// Ctrl-C while something that is read says nothing more: a line about it, 2, and no process that is left behind.

/** What is left behind sleeps longer. */
const PATIENCE_MS = 10_000
const SIGNALS = ['SIGINT', 'SIGTERM'] as const
const pod =
  'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: c, image: "localhost:5000/a" }] }\n'

function makePipe(folder: string): string {
  const path = join(folder, 'pipe')
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

/** What stands for kubectl, once it holds the pipe. All that it starts holds it too. */
const programs = {
  sleeps: 'exec sleep 60',
  'waits for a git of its own': 'sleep 60 & wait',
  'heeds no signal': `trap '' INT TERM; sleep 60; sleep 60`,
}

for (const [name, script] of Object.entries(programs)) {
  t.test(`Ctrl-C while kubectl ${name}`, async (t) => {
    const folder = t.testdir({ bin: {}, base: {} })
    const pipe = makePipe(folder)
    const kubectl = join(folder, 'bin/kubectl')
    const text = `#!/bin/sh\nexec 3>'${pipe}'\necho started >&3\n${script}\n`
    await writeFile(kubectl, text)
    await chmod(kubectl, 0o755)
    const reader = createReadStream(pipe, 'utf8')
    const started = new Promise((resolve) => reader.once('data', resolve))
    // Does not come as long as any process holds the pipe.
    const released = new Promise((resolve) => reader.once('end', resolve))
    const env = { PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter) }
    const running = startPullgate(t, ['check', '-k', join(folder, 'base')], env)
    await started

    running.signal('SIGINT')
    const { code, stderr } = await running.ended

    t.equal(code, 2)
    const lines = stderr.trimEnd().split('\n')
    t.match(lines, [
      /^cannot render .*base: interrupted$/,
      /^interrupted: 0 of 0 objects/,
    ])
    t.equal(lines.length, 2)
    await Promise.race([released, wait(PATIENCE_MS, undefined, { ref: false })])
    t.ok(reader.readableEnded, 'nothing is left of it')
  })
}

import { mkdir, rename, symlink, writeFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test, type Test } from 'tap'
import { formatProblems } from '../../src/configuration/configuration-problem.ts'
import type { Configuration } from '../../src/configuration/configuration.ts'
import { loadConfiguration } from '../../src/configuration/read-configuration.ts'
import { watchConfiguration } from '../../src/configuration/watch-configuration.ts'

/** Watches a file and hands out what it is told, one by one: a mode, or the problems. */
function watch(t: Test, file: string, text: string | null): () => Promise<string> {
  const told: string[] = []
  let waiting: ((event: string) => void) | null = null
  function tell(event: string): void {
    if (waiting) waiting(event)
    else told.push(event)
    waiting = null
  }
  const ending = new AbortController()
  t.teardown(() => ending.abort())
  // The watch does not keep the process alive; the test has to.
  const alive = setInterval(() => {}, 60_000)
  t.teardown(() => clearInterval(alive))
  watchConfiguration({
    file,
    text,
    intervalMs: 5,
    onChange: async (configuration: Configuration) => {
      await Promise.resolve()
      tell(configuration.mode)
      if (configuration.logLevel === 'trace') throw new Error('no trace here')
    },
    onProblem: (problems) => tell(formatProblems(problems)),
    signal: ending.signal,
  })
  return () =>
    new Promise((resolve) => {
      const event = told.shift()
      if (event === undefined) waiting = resolve
      else resolve(event)
    })
}

/** At once: a watch that looks between the emptying and the writing of a file would see the defaults. */
async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

test('new content is told, broken content reported once, and the watch goes on', async (t) => {
  const file = join(t.testdir({ 'config.yaml': 'mode: warn' }), 'config.yaml')
  const { text } = await loadConfiguration(file)
  const next = watch(t, file, text)

  await replaceFile(file, 'mode: audit')
  t.equal(await next(), 'audit')
  await replaceFile(file, 'mode: wrong')
  t.match(await next(), /config\.yaml:1:7: mode: "wrong"/)
  await replaceFile(file, 'mode: warn')
  t.equal(await next(), 'warn', 'the same problem was not told twice')
  await unlink(file)
  t.match(await next(), /the file cannot be read: there is no such file/)
  await replaceFile(file, 'mode: enforce')
  t.equal(await next(), 'enforce')
  await replaceFile(file, 'mode: enforce\nlogLevel: trace')
  t.equal(await next(), 'enforce')
  t.match(await next(), /could not be applied: no trace here/)
  await replaceFile(file, 'mode: audit')
  t.equal(await next(), 'audit', 'an owner that throws does not end the watch')
})

test('a file that is empty for a moment while it is edited does not mean the defaults', async (t) => {
  const file = join(t.testdir({ 'config.yaml': 'mode: warn' }), 'config.yaml')
  const { text } = await loadConfiguration(file)
  const next = watch(t, file, text)

  await writeFile(file, '')
  await setTimeout(20)
  await writeFile(file, 'mode: warn')
  await replaceFile(file, 'mode: audit')

  t.equal(await next(), 'audit', 'nothing was told before')
})

test('a ConfigMap that the kubelet swaps by a symbolic link is seen', async (t) => {
  const directory = t.testdir({ old: { 'c.yaml': 'mode: warn' } })
  await symlink('old', join(directory, '..data'))
  await symlink(join('..data', 'c.yaml'), join(directory, 'c.yaml'))
  const file = join(directory, 'c.yaml')
  const { text } = await loadConfiguration(file)
  const next = watch(t, file, text)

  await mkdir(join(directory, 'new'))
  await writeFile(join(directory, 'new', 'c.yaml'), 'mode: deny')
  await symlink('new', join(directory, '..tmp'))
  await rename(join(directory, '..tmp'), join(directory, '..data'))

  t.match(await next(), /c\.yaml:1:7: mode: "deny"/)
})

test('a change between the first reading and the watch is not missed', async (t) => {
  const file = join(t.testdir({ 'c.yaml': 'mode: audit' }), 'c.yaml')
  const next = watch(t, file, 'mode: warn')

  t.equal(await next(), 'audit')
})

test('without a known text the first reading is taken for known', async (t) => {
  const file = join(t.testdir({ 'c.yaml': 'mode: wrong' }), 'c.yaml')
  const next = watch(t, file, null)

  t.match(await next(), /"wrong"/, 'a first reading that is broken is reported')
  await replaceFile(file, 'mode: audit')
  t.equal(await next(), 'audit')
})

function fail(): never {
  throw new Error('told after the end')
}

test('nothing is told after the end', async (t) => {
  const file = join(t.testdir({ 'c.yaml': 'mode: audit' }), 'c.yaml')
  const ended = AbortSignal.abort()

  watchConfiguration({
    file,
    text: 'mode: warn',
    intervalMs: 1,
    onChange: fail,
    onProblem: fail,
    signal: ended,
  })
  await loadConfiguration(file)
  t.pass('the process ends by itself')
})

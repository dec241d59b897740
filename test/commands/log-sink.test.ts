import { Writable } from 'node:stream'
import t from 'tap'
import { createLogSink, type LogOutput } from '../../src/commands/log-sink.ts'

const line = `${JSON.stringify({ level: 30, msg: 'decision' })}\n`

t.test('a full disk costs the lines of its time, and says how many', async (t) => {
  const disk = { full: false, text: '' }
  const out: LogOutput = {
    writableLength: 0,
    write(text, done) {
      if (!disk.full) disk.text += text
      queueMicrotask(() => done(disk.full ? new Error('ENOSPC') : null))
    },
  }
  const log = createLogSink(out, () => 1_700_000_000_000)

  log.write(line)
  await turn()
  disk.full = true
  log.write(line)
  await turn()
  log.write(line)
  await turn()
  disk.full = false
  log.write(line)
  await turn()

  t.strictSame(disk.text.split('\n'), [
    line.trim(),
    '{"level":40,"time":1700000000000,"lines":2,"msg":"log lines could not be written"}',
    line.trim(),
    '',
  ])
})

t.test('lines of one turn are one write', async (t) => {
  const writes: string[] = []
  const out: LogOutput = {
    writableLength: 0,
    write(text, done) {
      writes.push(text)
      done()
    },
  }
  const log = createLogSink(out, () => 0)

  log.write('a\n')
  log.write('b\n')
  await turn()
  log.write('c\n')
  await turn()

  t.strictSame(writes, ['a\nb\n', 'c\n'])
})

t.test('a reader that does not read costs lines, and no memory', async (t) => {
  const reader: { next: (() => void) | null; text: string } = { next: null, text: '' }
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      reader.text += chunk.toString()
      reader.next = done
    },
  })
  const log = createLogSink(out, () => 0)
  const long = `${'x'.repeat(10_000)}\n`

  for (let written = 0; written < 1_000; written++) {
    log.write(long)
    if (written % 50 === 0) await turn()
  }
  t.ok(out.writableLength < 1_100_000, `${out.writableLength} bytes wait`)

  const drained = new Promise((resolve) => out.once('drain', resolve))
  const reading = setInterval(() => {
    const { next } = reader
    reader.next = null
    next?.()
  }, 0)
  await drained
  log.write(line)
  await turn()
  while (out.writableLength > 0) await turn()
  clearInterval(reading)
  const [told = '', last] = reader.text.trim().split('\n').slice(-2)
  const kept = reader.text.split('x\n').length - 1
  t.match(JSON.parse(told), { lines: 1_000 - kept })
  t.equal(`${last}\n`, line)
})

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

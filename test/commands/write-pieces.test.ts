import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import t from 'tap'
import { inChunks, writePieces, writePiecesTo } from '../../src/commands/write-pieces.ts'

const idle = new AbortController().signal

/** Takes each chunk after a turn of the loop, and goes away after `chunks` of them. */
function slowReader(chunks: number) {
  const taken: string[] = []
  const stream = new Writable({
    highWaterMark: 1,
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      taken.push(chunk)
      setImmediate(done, taken.length < chunks ? null : new Error('EPIPE'))
    },
  })
  stream.on('error', () => {})
  return { stream, taken }
}

function* endless(): Generator<string> {
  for (;;) yield 'x'.repeat(100_000)
}

t.test('small pieces become few, and none is lost', (t) => {
  const pieces = Array.from({ length: 20_000 }, (_, each) => `line ${each}\n`)
  const chunks = [...inChunks(pieces)]

  t.equal(chunks.join(''), pieces.join(''))
  t.ok(chunks.length < 10)
  t.same([...inChunks([])], [])
  t.end()
})

t.test('a slow reader is waited for', async (t) => {
  const { stream, taken } = slowReader(Infinity)
  const pieces = ['a', 'b', 'c'].map((letter) => letter.repeat(100_000))

  await writePieces(pieces, stream)
  await new Promise((resolve) => stream.end(resolve))

  t.same(taken, pieces)
})

t.test('a reader that goes away ends the writing, and no error', async (t) => {
  const { stream, taken } = slowReader(3)

  await writePieces(endless(), stream)

  t.equal(taken.length, 3)
})

t.test('a file holds every character, wherever chunks end', async (t) => {
  const file = join(t.testdir(), 'report.txt')
  const text = `${'a'.repeat(65_535)}${'\u{1F600}'.repeat(100_000)}\u4E2D`

  await writePiecesTo(file, ['', text, 'end\n'], idle)
  t.equal(await readFile(file, 'utf8'), `${text}end\n`)
  await writePiecesTo(file, ['shorter\n'], idle)
  t.equal(await readFile(file, 'utf8'), 'shorter\n')
  await t.rejects(writePiecesTo(t.testdir(), ['a folder'], idle), { code: 'EISDIR' })
})

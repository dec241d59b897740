import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { tableReport } from '../../src/audit/reports/table.ts'
import { wrap } from '../../src/audit/reports/wrap.ts'
import { displayWidth } from '../../src/text/display-width.ts'
import { joined } from '../support/joined.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { aGroup, aKnown, anImage, anOutcome } from './an-outcome.ts'
import { realWorldFolder, startRealWorld } from './real-world.ts'

/** What may be wider than the terminal: an image with nothing beside it, and advice with a command. */
const WHOLE = /^ {2}(?:deny|warn|allow) +\S+: \S[^()]*$|^ {9}.*\bkubectl /

const paint = (_style: string, text: string): string => text

const wordsOf = (text: string): string[] => text.split(/\s+/)

await t.test('thirty manifests, on terminals of any width', async (t) => {
  const world = await startRealWorld(t)
  const args = ['check', '--config', world.config, '-f', '.']
  const run = (options: object) =>
    runInProcess(args, { cwd: realWorldFolder, ...options })
  const { stdout: unbroken } = await run({})

  for (const terminal of [60, 80, 120, 200]) {
    const stdout = stripVTControlCharacters((await run({ terminal })).stdout)

    const wide = stdout.split('\n').filter((line) => displayWidth(line) > terminal)
    t.same(
      wide.filter((line) => !WHOLE.test(line)),
      [],
      `${terminal} columns`,
    )
    t.same(wordsOf(stdout), wordsOf(unbroken), 'and every word is there')
  }
})

t.test('a place that does not fit beside its image stands below it', (t) => {
  const image = anImage({ image: `r.test/${'a'.repeat(30)}:1`, action: 'allow' })
  const { use } = image.decision.prediction
  const known = aKnown(anImage({ image: use.image, action: 'warn' }))
  const table = (columns: number | null, what = image): string[] =>
    joined(tableReport(anOutcome([what]), { columns, paint }))
      .split('\n')
      .slice(1, 3)
  const line = `  allow  web: ${use.image}`

  t.same(table(null), [`${line} (a.yaml:7:3)`, ''])
  t.same(table(line.length + 13), [`${line} (a.yaml:7:3)`, ''])
  t.same(table(line.length + 12), [line, '         (a.yaml:7:3)'])
  t.same(table(60, known), [
    line.replace('allow', 'warn '),
    '         (a.yaml:7:3) (in the baseline)',
  ])
  t.end()
})

/** At 60 columns. */
const withAdvice = (advice: string): string =>
  joined(
    tableReport(anOutcome([anImage({ image: 'r.test/a:1', advice })]), {
      columns: 60,
      paint,
    }),
  )

t.test('words of advice are broken, and commands are not', (t) => {
  const words = 'Check the spelling of registry and repository, or push it first.'
  const command = `Make it anew: kubectl -n shop create secret docker-registry pull`

  t.match(withAdvice(words), /\n {9}Check the .*\n {9}\S.*first\.\n/)
  t.match(withAdvice(command), `\n         ${command}\n`)
  t.end()
})

t.test('wide characters take two columns of the width', (t) => {
  const word = '画像'.repeat(4)
  t.same(wrap(`${word} ${word} ${word}`, '', 34), [`${word} ${word}`, word])
  const groups = { registries: [], namespaces: [], nodes: [] }
  const causes = [aGroup('名前空間名前空間'), aGroup('ascii')]
  const outcome = { objects: [], problems: [], groups: { ...groups, causes } }
  const [wide = '', plain = ''] = joined(tableReport(outcome, { columns: null, paint }))
    .split('\n')
    .slice(2, 4)
  t.equal(displayWidth(wide), displayWidth(plain), 'numbers stand below each other')
  t.end()
})

t.test('a group whose name leaves no room for its numbers stands above them', (t) => {
  const long = `registry.${'long-'.repeat(8)}name.test:5000`
  const groups = { causes: [], namespaces: [], nodes: [] }
  const registries = [aGroup(long), aGroup('r.test')]
  const outcome = { objects: [], problems: [], groups: { ...groups, registries } }
  const lines = (columns: number | null): string[] =>
    joined(tableReport(outcome, { columns, paint })).split('\n').slice(1, 5)

  const [heading = '', name, numbers = '', short = ''] = lines(80)
  t.match(heading, /^By registry {2}objects /)
  t.equal(name, long)
  t.match(numbers, /^ {19}3 /)
  t.equal(numbers.trimStart(), short.replace('r.test', '').trimStart())
  for (const line of lines(80)) t.ok(line.length <= 80, line)
  t.match(lines(null)[1], new RegExp(`^${long} +3 `))
  t.end()
})

t.test('an object without a name of its own says so, and one image is one', (t) => {
  const outcome = anOutcome([anImage({ image: 'r.test/a:1', action: 'allow' })])
  for (const { object } of outcome.objects) object.name = ''
  const text = joined(tableReport(outcome, { columns: null, paint }))
  t.match(text, /^Deployment team-a\/\(unnamed\)\n/)
  t.match(text, /\n1 image: 1 allow, 0 warn, 0 deny\n$/)
  t.end()
})

t.test('what was left out, and why something was not judged, keep to the width', (t) => {
  const judged = anOutcome([anImage({ image: 'r.test/a:1', action: 'allow' })])
  const exempted = `the annotation pullgate.dev/skip says ${'so '.repeat(20)}`.trim()
  const [object] = judged.objects
  if (object !== undefined) object.exempted = exempted
  const outcome = { ...judged, inactive: 3 }
  const text = joined(tableReport(outcome, { columns: 60, paint }))
  for (const line of text.split('\n')) t.ok(line.length <= 60, line)
  t.match(text, /^ {2}not judged: the annotation/m)
  t.match(text.replaceAll(/\s+/g, ' '), `${exempted} `)
  t.match(text, /^3 objects are suspended/m)
  t.end()
})

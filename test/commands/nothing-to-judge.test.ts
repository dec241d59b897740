import t from 'tap'
import { runInProcess } from '../support/run-in-process.ts'

// Input in which nothing can be judged must not look like success: a line about it, and 2.

const NOTHING =
  'nothing here has an apiVersion and a kind, so there is no object to judge'
const NO_OBJECT = 'this document is no object, so nothing of it was judged'
const pod = 'metadata: { name: web }\nspec: { containers: [{ name: c, image: a }] }\n'
const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\n'

const rows: [text: string, says: string[]][] = [
  ['Error: chart not found\n', [`1:1: ${NOTHING}`]],
  ['\n\n', [`1:1: ${NOTHING}`]],
  ['# only a comment\n', [`1:1: ${NOTHING}`]],
  ['null\n', [`1:1: ${NOTHING}`]],
  ['hello\n', [`1:1: ${NO_OBJECT}`]],
  ['- a\n', [`1:1: ${NO_OBJECT}`]],
  [`kind: Pod\n${pod}`, ['1:1: this object has no apiVersion, so it was not judged']],
  [`\napiVersion: v1\n${pod}`, ['2:1: this object has no kind, so it was not judged']],
  [
    'apiVersion: v1\nkind: List\nitems:\n- null\n- text\n- image: a\n',
    [
      '4:3: an item of the List is no object, so it was not judged',
      '5:3: an item of the List is no object, so it was not judged',
      '6:3: this object has no apiVersion and no kind, so it was not judged',
    ],
  ],
]

t.test('by itself', async (t) => {
  for (const [text, says] of rows) {
    const cwd = t.testdir({ 'a.yaml': text })
    const runs: [args: string[], file: string][] = [
      [['-f', '-'], '-'],
      [['-f', 'a.yaml'], 'a.yaml'],
      [['a.yaml'], 'a.yaml'],
    ]
    for (const [args, file] of runs) {
      const { code, stdout, stderr } = await runInProcess(['check', ...args], {
        cwd,
        input: text,
      })
      t.equal(code, 2, text)
      t.match(stdout, /^0 images: /, text)
      const expected = says.map((line) => `${file}:${line}\n`).join('')
      t.equal(stderr, expected, text)
    }
  }
})

t.test('objects without images are all good, and so is a list without any', async (t) => {
  const texts = [
    secret,
    '{"apiVersion": "v1", "kind": "List", "items": []}',
    'apiVersion: acme.test/v1\nkind: IPAllowList\nitems: [10.0.0.0/8]\n',
  ]
  for (const input of texts) {
    const { code, stderr } = await runInProcess(['check', '-f', '-'], { input })
    t.equal(code, 0, input)
    t.notMatch(stderr, /^-:/m, input)
  }
})

t.test('what else a folder holds is no problem, unless it is meant', async (t) => {
  const cwd = t.testdir({
    all: {
      'Chart.yaml': 'apiVersion: v2\nname: web\nversion: 0.1.0\n',
      'ci.yaml': '- test\n',
      'comment.yaml': '# nothing\n',
      'notes.yaml': 'hello\n',
      'secret.yaml': secret,
      'values.yaml': 'kind: Deployment\nimage: { tag: "1" }\n',
    },
    'forgotten.yaml': `kind: Pod\n${pod}`,
  })
  for (const name of ['all', 'all/*.yaml']) {
    const quiet = await runInProcess(['check', '-f', name], { cwd })
    t.match(quiet, { code: 0, stderr: '' }, name)
  }
  const told = await runInProcess(['check', '-f', '.'], { cwd })
  t.match(told, {
    code: 2,
    stderr: 'forgotten.yaml:1:1: this object has no apiVersion, so it was not judged\n',
  })
})

t.test('an empty name is no name of the current folder', async (t) => {
  const cwd = t.testdir({ 'secret.yaml': secret })
  for (const args of [['-f', ''], ['-k', ''], [''], ['-f', 'secret.yaml', '']]) {
    const { code, stdout, stderr } = await runInProcess(['check', ...args], { cwd })
    t.match({ code, stdout }, { code: 2, stdout: '' }, args.join(' '))
    t.match(stderr, /^pullgate check: a name is empty: is a variable not set\?$/m)
  }
})

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { explainKind } from '../../src/audit/explain/kind-names.ts'
import { createWorld, pod } from './explain-world.ts'

t.test('kinds are understood as kubectl writes them', (t) => {
  t.equal(explainKind('deploy')?.kind, 'Deployment')
  t.equal(explainKind('Deployments.apps')?.kind, 'Deployment')
  t.equal(explainKind('deployments.v1.apps')?.kind, 'Deployment')
  t.equal(explainKind('po')?.kind, 'Pod')
  t.equal(explainKind('deployments.example.com'), null)
  t.equal(explainKind('service'), null)
  t.end()
})

t.test('colours are asked for as of check and audit', async (t) => {
  const { explain, show } = await createWorld(t, [
    pod('web', { image: 'registry.acme.test/Team/web:1' }),
  ])
  const noColor = { NO_COLOR: '1' }
  const rows: [what: string, output: ReturnType<typeof explain>, painted: boolean][] = [
    ['a pipe', explain('web'), false],
    ['a pipe, always', explain('web', '--color', 'always'), true],
    ['JSON is never painted', explain('web', '--color', 'always', '-o', 'json'), false],
    ['a terminal', show(['web']), true],
    ['a terminal, NO_COLOR', show(['web'], noColor), false],
    ['a terminal, never', show(['web', '--color', 'never']), false],
    ['NO_COLOR, always', show(['web', '--color=always'], noColor), true],
  ]
  for (const [what, output, painted] of rows)
    t.equal((await output).stdout.includes('\u001B[31m'), painted, what)
})

t.test('a broken file of the folder is named with its line', async (t) => {
  const web = pod('web', { image: 'registry.acme.test/Team/web:1' })
  const { explain, directory } = await createWorld(t, [web])
  await writeFile(join(directory, 'cluster/broken.yaml'), 'kind: [\nx: }\n')

  const { code, stdout, stderr } = await explain('web')

  t.equal(code, 1)
  t.match(stderr, /^\S*cluster\/broken\.yaml:2:1: .+\n$/)
  t.match(stdout, /^Pod shop\/web\n/)
})

t.test('what is not there is said in one line', async (t) => {
  const { explain } = await createWorld(t, [])
  const cases: [string[], RegExp][] = [
    [['pod/gone'], /Pod shop\/gone does not exist/],
    [['service/x'], /"service" is no kind that has Pods/],
    [['pod/../x'], /name one object/],
    [['pod/X'], /"X" is no name/],
    [[], /name one object/],
    [['pod/x', '-o', 'xml'], /-o takes table or json/],
    [['pod/x', '--color', 'red'], /--color takes auto, always or never, not "red"/],
  ]
  for (const [args, says] of cases) {
    const { code, stderr } = await explain(...args)
    t.equal(code, 2)
    t.match(stderr, says)
  }
})

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { serveCommand } from '../../src/commands/serve.ts'
import { allowedPaths, pairsOf, readStages, root, type Stage } from './read-dockerfile.ts'

const stages = readStages()
const last = stages.at(-1) as Stage

function only(stage: Stage, name: string) {
  const found = stage.instructions.filter((instruction) => instruction.name === name)
  if (found.length !== 1 || found[0] === undefined)
    throw new Error(`${found.length} ${name} instead of one`)
  return found[0]
}

test('every stage is of one major of Node, and one that Pullgate runs on', async (t) => {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    engines: { node: string }
  }
  const majors = stages.map(({ image }) => /node(?:js)?:?(\d+)/.exec(image)?.[1])
  t.equal(new Set(majors).size, 1)
  t.ok(Number(majors[0]) >= Number(/\d+/.exec(engines.node)?.[0]))
  for (const { image } of stages) {
    t.match(image, /:[\w.-]+$/, `${image} has a tag`)
    t.notMatch(image, /:latest$/)
  }
})

test('the compile cache is made by the Node and the user that take it', async (t) => {
  const [build] = stages as [Stage]
  const copied = build.instructions.find(({ flags }) => flags.from !== undefined)
  t.equal(copied?.flags.from, last.image)
  const runs = build.instructions.findIndex(({ text }) => text.includes('main.ts'))
  const before = build.instructions.slice(0, runs).filter(({ name }) => name === 'USER')
  t.equal(before.at(-1)?.text, only(last, 'USER').text)
  const flags = only(last, 'ENTRYPOINT').words?.slice(1, -1) ?? []
  for (const line of build.instructions[runs]?.text.split('&&') ?? [])
    t.ok(line.includes(`/nodejs/bin/node ${flags.join(' ')}`), line)
})

test('what runs is no root, owns none of its files and starts without a shell', async (t) => {
  t.match(only(last, 'USER').text, /^[1-9]\d*:[1-9]\d*$/, 'a number, for runAsNonRoot')
  for (const { flags } of last.instructions.filter(({ name }) => name === 'COPY'))
    t.equal(flags.chown, '0:0')
  for (const name of ['ENTRYPOINT', 'CMD', 'HEALTHCHECK'])
    t.ok(only(last, name).words, `${name} in the exec form`)
  t.equal(
    last.instructions.find(({ name }) => name === 'RUN'),
    undefined,
    'there is no shell to run anything with',
  )
})

test('ports are those of serve', async (t) => {
  const standards = [...serveCommand.help.matchAll(/default 0\.0\.0\.0:(\d+)/g)].map(
    ([, port]) => port,
  )
  t.strictSame(only(last, 'EXPOSE').text.split(' '), standards)
  t.match(only(last, 'HEALTHCHECK').text, `127.0.0.1:${standards[1]}/healthz`)
})

test('nothing secret and nothing from elsewhere goes in', async (t) => {
  for (const { name, text } of stages.flatMap(({ instructions }) => instructions)) {
    t.not(name, 'ADD')
    t.not(name, 'ARG')
    if (name === 'ENV')
      for (const key of Object.keys(pairsOf(text)))
        t.notMatch(key, /token|password|secret|key|auth/i)
  }
  const labels = pairsOf(only(last, 'LABEL').text)
  t.match(labels, {
    'org.opencontainers.image.title': 'pullgate',
    'org.opencontainers.image.licenses': 'Apache-2.0',
  })
})

test('.dockerignore lets through what is copied, and no more', async (t) => {
  const copied = stages
    .flatMap(({ instructions }) => instructions)
    .filter(({ name, flags }) => name === 'COPY' && flags.from === undefined)
    .flatMap(({ text }) => text.split(' ').slice(0, -1))

  t.strictSame(copied.toSorted(), allowedPaths().toSorted())
  for (const path of copied) t.ok(existsSync(join(root, path)), path)
})

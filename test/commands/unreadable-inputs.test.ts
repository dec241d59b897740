import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import t, { type Test } from 'tap'
import { runInProcess } from '../support/run-in-process.ts'

// What the system does not let us read: a line about it, and everything else is judged.

const NOBODY = 65_534

/** Modes do not hinder root; then somebody else has to try. */
async function asSomebody<T>(body: () => Promise<T>): Promise<T> {
  const mine = process.geteuid?.()
  if (mine !== 0) return body()
  process.seteuid?.(NOBODY)
  try {
    return await body()
  } finally {
    process.seteuid?.(mine)
  }
}

const pod = (name: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, namespace: default }\nspec: { containers: [{ name: c, image: localhost:5000/a }] }\n`

async function makeFolder(t: Test): Promise<string> {
  // Not below the checkout, which somebody else need not be able to enter.
  const folder = await mkdtemp(join(tmpdir(), 'pullgate-unreadable-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await chmod(folder, 0o755)
  await mkdir(join(folder, 'all/locked'), { recursive: true })
  for (const name of ['dangling', 'empty']) await mkdir(join(folder, name))
  await symlink(join(folder, 'nowhere'), join(folder, 'dangling/link.yaml'))
  await writeFile(join(folder, 'all/good.yaml'), pod('good'))
  await writeFile(join(folder, 'all/secret.yaml'), pod('secret'))
  await writeFile(join(folder, 'all/locked/deep.yaml'), pod('deep'))
  await writeFile(join(folder, 'config.yaml'), 'mode: warn\n')
  await writeFile(join(folder, 'kubeconfig'), '{}')
  await writeFile(join(folder, 'baseline.json'), '{}')
  await chmod(join(folder, 'all/secret.yaml'), 0o000)
  await chmod(join(folder, 'all/locked'), 0o000)
  for (const name of ['config.yaml', 'kubeconfig', 'baseline.json'])
    await chmod(join(folder, name), 0o000)
  return folder
}

const locked = /permission denied$/m
const rows: [args: string[], code: number, judged: number | null, says: RegExp[]][] = [
  [
    ['check', '-f', 'all'],
    0,
    1,
    [
      /^cannot read all\/locked: permission denied$/m,
      /^cannot read all\/secret\.yaml: permission denied$/m,
    ],
  ],
  [
    ['check', '-f', 'all/*.yaml'],
    0,
    1,
    [/^cannot read all\/secret\.yaml: permission denied$/m],
  ],
  [
    ['check', 'all/secret.yaml'],
    2,
    0,
    [/^cannot read all\/secret\.yaml: permission denied$/m],
  ],
  [
    ['check', '-f', 'all/locked/deep.yaml'],
    2,
    0,
    [/^cannot read all\/locked\/deep\.yaml: permission denied$/m],
  ],
  // A pattern that matches folders only is no reason to judge nothing.
  [
    ['check', '-f', 'a*'],
    0,
    1,
    [
      /^cannot read all\/locked: permission denied$/m,
      /^cannot read all\/secret\.yaml: permission denied$/m,
    ],
  ],
  [['check', '-f', 'all/**'], 0, 1, [/^cannot read all\/locked: permission denied$/m]],
  [
    ['check', '-f', 'all/locked/*.yaml'],
    2,
    0,
    [
      /^nothing matches all\/locked\/\*\.yaml: cannot read all\/locked: permission denied$/m,
    ],
  ],
  [
    ['check', '-f', 'dangling/*'],
    2,
    0,
    [/^cannot read dangling\/link\.yaml: no such file or folder$/m],
  ],
  [
    ['check', '-f', 'emp*'],
    2,
    0,
    [/^nothing to read in emp\*: no \.yaml, \.yml or \.json$/m],
  ],
  [['check', 'all/good.yaml', '--config', 'config.yaml'], 2, null, [locked]],
  [
    ['check', 'all/good.yaml', '--kubeconfig', 'kubeconfig'],
    2,
    null,
    [/the kubeconfig \S*kubeconfig cannot be read: permission denied$/m],
  ],
  [
    ['check', 'all/good.yaml', '--baseline', 'baseline.json'],
    2,
    null,
    [/the baseline baseline\.json cannot be read: permission denied$/m],
  ],
  // What was judged is not lost for a report that cannot be written.
  [
    ['check', 'all/good.yaml', '-o', 'json=all/report.json', '-o', 'table'],
    2,
    1,
    [/^cannot write all\/report\.json: permission denied$/m],
  ],
  [
    ['audit', '--standalone', 'all'],
    0,
    1,
    [/all\/locked: permission denied$/m, /all\/secret\.yaml: permission denied$/m],
  ],
  [
    ['audit', '--standalone', 'all/locked'],
    2,
    null,
    [/--standalone all\/locked cannot be read: permission denied$/m],
  ],
  [
    ['explain', 'pod/gone', '--standalone', 'all'],
    2,
    null,
    [/all\/secret\.yaml: permission denied$/m, /Pod default\/gone does not exist/],
  ],
  [
    ['explain', 'pod/good', '--standalone', 'all/locked'],
    2,
    null,
    [/--standalone all\/locked cannot be read: permission denied$/m],
  ],
]

t.test('what may not be read', async (t) => {
  const folder = await makeFolder(t)
  // Has every module read, which somebody else may not be allowed to.
  for (const [args] of rows) await runInProcess(args, { cwd: folder })

  for (const [args, code, judged, says] of rows) {
    const run = await asSomebody(() => runInProcess(args, { cwd: folder }))

    const name = args.join(' ')
    t.equal(run.code, code, name)
    for (const line of says) t.match(run.stderr, line, name)
    t.notMatch(run.stderr, /EACCES|^ +at /m, name)
    t.notMatch(run.stderr, /^(cannot read .*)$[^]*^\1$/m, `${name}: each once`)
    const summary = judged === null ? /^$/ : new RegExp(`^${judged} images?: `, 'm')
    t.match(run.stdout, summary, name)
  }
})

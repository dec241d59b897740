/**
 * Runs the steps of the Dockerfile without a container engine: the same files, the same commands in the same order, and then
 * the start, the health check and the version as the user of the image in a tree that nobody may write to. It builds twice and
 * compares. What stays
 * untried are the base images; the Node of this checkout takes their place. `npm run test:image`.
 */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buildTree, contentsOf, placed } from './build-tree.ts'
import { pairsOf, readStages, type Instruction, type Stage } from './read-dockerfile.ts'

const place = mkdtempSync(join(tmpdir(), 'pullgate-image-'))
const first = join(place, 'first')
const second = join(place, 'second')
const isRoot = process.getuid?.() === 0
const say = (line: string): void => void process.stdout.write(`${line}\n`)

try {
  // Others than root have to get in, when the image's user is tried.
  chmodSync(place, 0o755)
  const [build, final] = readStages() as [Stage, Stage]
  buildTree(build, first, say)
  compareWithSecond(build)
  makeReadOnly(join(first, 'app'))
  say(`tree: ${megabytes(join(first, 'app'))} MB`)
  await runFinal(final)
  say('ok: every step of the Dockerfile works')
} finally {
  makeWritable(place)
  rmSync(place, { recursive: true, force: true })
}

function here(text: string): string {
  return placed(text, first)
}

/** In another place and later; but for V8's compile cache, which is no promise. */
function compareWithSecond(build: Stage): void {
  buildTree(build, second, () => {})
  const leaveOut = ['.compile-cache']
  const [one, other] = [first, second].map((tree) =>
    contentsOf(join(tree, 'app'), leaveOut),
  )
  const only = (one ?? []).filter((line) => other?.includes(line) !== true)
  must(
    one?.length === other?.length && only.length === 0,
    `built twice, these differ:\n${only.join('\n')}`,
  )
  say(`built twice: all ${one?.length} files are the same`)
}

async function runFinal({ instructions }: Stage): Promise<void> {
  const find = (name: string): Instruction => {
    const found = instructions.find((instruction) => instruction.name === name)
    if (found === undefined) throw new Error(`no ${name}`)
    return found
  }
  const [uid = 0, gid = 0] = find('USER').text.split(':').map(Number)
  if (!isRoot) say(`not root: tried as user ${process.getuid?.()} instead of ${uid}`)
  const options = {
    cwd: join(first, 'app'),
    // Nothing of this machine's environment, as in a container.
    env: pairsOf(here(find('ENV').text)),
    ...(isRoot ? { uid, gid } : {}),
  }
  const exec = (words: readonly string[]): [string, string[]] => {
    const [program = '', ...args] = words.map(here)
    return [program, args]
  }
  const entrypoint = find('ENTRYPOINT').words ?? []
  const healthcheck = exec(find('HEALTHCHECK').words ?? [])

  const version = spawnSync(...exec([...entrypoint, '--version']), options)
  must(version.status === 0, `--version: ${version.stderr.toString()}`)
  say(version.stdout.toString().trim())
  takesCompileCache(spawnSync(...exec([...entrypoint, '--version']), withDebug(options)))
  const write = spawnSync(
    ...exec([entrypoint[0] ?? '', '-e', `require('fs').writeFileSync('x', '')`]),
    options,
  )
  must(write.status !== 0, 'the tree can be written to')
  must(spawnSync(...healthcheck, options).status === 1, 'healthy before it runs')

  const startedMs = performance.now()
  const args = ['serve', '--standalone', '/app/examples/demo/cluster', '--drain', '0']
  const server = spawn(...exec([...entrypoint, ...args]), { ...options, stdio: 'pipe' })
  try {
    const ended = new Promise<number | null>((resolve) => server.once('exit', resolve))
    for await (const line of createInterface(server.stdout))
      if (line.includes('"serving"')) break
    say(`serving after ${Math.round(performance.now() - startedMs)} ms`)
    const health = spawnSync(...healthcheck, options)
    must(health.status === 0, `the health check: ${health.stderr.toString()}`)
    say('HEALTHCHECK: healthy')
    server.kill('SIGTERM')
    must((await ended) === 0, 'SIGTERM does not end it with 0')
  } finally {
    server.kill('SIGKILL')
  }
}

/** V8 drops what other flags compiled: then the start costs twice the CPU, and nothing else says so. */
function takesCompileCache({ stderr }: { stderr: Buffer }): void {
  const taken = stderr.toString().match(/was accepted/g)?.length ?? 0
  const dropped =
    stderr.toString().match(/was (?:rejected|not initialized)/g)?.length ?? 0
  must(taken > 0 && dropped === 0, `compile cache: ${taken} taken, ${dropped} dropped`)
  say(`compile cache: all ${taken} files of --version come from it`)
}

function withDebug<Options extends { env: Record<string, string> }>(
  options: Options,
): Options {
  return { ...options, env: { ...options.env, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' } }
}

function must(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise)
}

function makeReadOnly(path: string): void {
  chmodTree(path, (mode) => mode & ~0o222)
}

function makeWritable(path: string): void {
  chmodTree(path, (mode) => mode | 0o200)
}

function chmodTree(path: string, change: (mode: number) => number): void {
  const status = lstatSync(path)
  if (status.isSymbolicLink()) return
  chmodSync(path, change(status.mode))
  if (!status.isDirectory()) return
  for (const name of readdirSync(path)) chmodTree(join(path, name), change)
}

function megabytes(path: string): number {
  const { stdout } = spawnSync('du', ['-sk', path])
  return Math.round(Number.parseInt(stdout.toString(), 10) / 1024)
}

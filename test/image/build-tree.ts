import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { pairsOf, root, type Stage } from './read-dockerfile.ts'

/** Runs the steps of a stage below `place`, with the Node of this checkout in that of the base image. */
export function buildTree(
  stage: Stage,
  place: string,
  say: (line: string) => void,
): void {
  const node = join(place, 'nodejs/bin/node')
  mkdirSync(dirname(node), { recursive: true })
  copyFileSync(process.execPath, node)
  let directory = place
  const variables: Record<string, string | undefined> = {
    ...process.env,
    PATH: `${dirname(node)}:${process.env.PATH}`,
    // The steps clean npm's cache, which must not be that of whoever runs this.
    npm_config_cache: join(place, 'npm-cache'),
  }
  let user: { uid?: number; gid?: number } = {}
  for (const { name, flags, text } of stage.instructions) {
    say(`${name} ${text}`)
    if (name === 'WORKDIR')
      mkdirSync((directory = placed(text, place)), { recursive: true })
    else if (name === 'ENV') Object.assign(variables, pairsOf(placed(text, place)))
    else if (name === 'USER') user = userOf(text)
    else if (name === 'COPY') {
      // From the base image comes Node alone, which has been placed.
      if (flags.from === undefined) copy(text, directory)
      else if (text !== '/nodejs/ /nodejs/') throw new Error(`no way to try ${text}`)
    } else if (name === 'RUN') {
      const { status } = spawnSync('sh', ['-ec', placed(text, place)], {
        ...user,
        cwd: directory,
        env: variables,
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      if (status !== 0) throw new Error(`exit code ${status}: ${text}`)
    } else throw new Error(`no way to try ${name}`)
  }
}

/** Only root becomes somebody else. */
function userOf(text: string): { uid?: number; gid?: number } {
  const [uid = 0, gid = 0] = text.split(':').map(Number)
  return process.getuid?.() === 0 ? { uid, gid } : {}
}

/** Paths of the image as paths of this machine. */
export function placed(text: string, place: string): string {
  return text.replaceAll(/(^|[\s="'])\/(app|nodejs)\b/g, `$1${place}/$2`)
}

function copy(text: string, directory: string): void {
  const words = text.split(' ')
  const target = words.pop() ?? ''
  for (const source of words) {
    const into = join(directory, target, source.endsWith('/') ? '' : source)
    cpSync(join(root, source), into, { recursive: true })
  }
}

/**
 * Every file below `directory` with its mode and the hash of its content, in order: what of a tree is the same wherever and
 * whenever it is built. Folders named `leaveOut` are left out.
 */
export function contentsOf(directory: string, leaveOut: readonly string[]): string[] {
  const listed: string[] = []
  const walk = (path: string): void => {
    for (const name of readdirSync(join(directory, path)).toSorted()) {
      const below = join(path, name)
      const full = join(directory, below)
      const status = lstatSync(full)
      const mode = (status.mode & 0o777).toString(8)
      if (status.isSymbolicLink()) listed.push(`${below} -> ${readlinkSync(full)}`)
      else if (!status.isDirectory())
        listed.push(
          `${below} ${mode} ${createHash('sha256').update(readFileSync(full)).digest('hex')}`,
        )
      else if (!leaveOut.includes(name)) walk(below)
    }
  }
  walk('')
  return listed
}

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFields } from '../../src/json/fields.ts'

const root = join(import.meta.dirname, '../..')
/** All that a package is made of. */
const SOURCES = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'README.md',
  'LICENSE',
  'bin',
  'src',
  'examples',
]

// The test runner has every Node below it load its own modules, which the compiler does not survive.
const COMMAND = 'unset NODE_OPTIONS && umask 022 && npm pack --json'

export interface Packed {
  /** Of the archive. */
  sha512: string
  /** Paths in the archive, in order. */
  files: string[]
}

/** Packs the checkout from two copies: in folders of different names, in other time zones and languages. The umask is one: npm keeps the modes of files. */
export function packTwice(): Packed[] {
  const place = mkdtempSync(join(tmpdir(), 'pullgate-pack-'))
  try {
    return [
      pack(join(place, 'a'), { TZ: 'UTC', LC_ALL: 'C' }),
      pack(join(place, 'somewhere-else'), {
        TZ: 'Asia/Tokyo',
        LC_ALL: 'tr_TR.UTF-8',
      }),
    ]
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function pack(directory: string, environment: Record<string, string>): Packed {
  mkdirSync(directory)
  for (const name of SOURCES)
    cpSync(join(root, name), join(directory, name), {
      recursive: true,
      preserveTimestamps: false,
    })
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  const { status, stdout, stderr } = spawnSync('sh', ['-c', COMMAND], {
    cwd: directory,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`npm pack: ${stderr}`)
  const [packed] = firstArray(stdout)
  if (!isFields(packed)) throw new TypeError('npm pack told of no archive')
  const archive = readFileSync(join(directory, String(packed['filename'])))
  const files = Array.isArray(packed['files']) ? packed['files'] : []
  return {
    sha512: createHash('sha512').update(archive).digest('hex'),
    files: files.map((file: unknown) => (isFields(file) ? String(file['path']) : '')),
  }
}

/** Scripts that npm runs before it packs may print, too. */
function firstArray(stdout: string): unknown[] {
  const value: unknown = JSON.parse(stdout.slice(stdout.indexOf('[\n')))
  return Array.isArray(value) ? value : []
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

export interface Instruction {
  /** In capitals, such as `COPY`. */
  name: string
  /** Words that begin with `--`, without it. */
  flags: Record<string, string>
  /** The rest, with its continued lines joined. */
  text: string
  /** Of the exec form, `["a", "b"]`; else null. */
  words: string[] | null
}

export interface Stage {
  image: string
  name: string | null
  instructions: Instruction[]
}

export function readStages(): Stage[] {
  const stages: Stage[] = []
  for (const line of logicalLines(readFileSync(join(root, 'Dockerfile'), 'utf8'))) {
    const instruction = readInstruction(line)
    if (instruction.name === 'FROM') {
      const [image = '', , name = null] = instruction.text.split(/\s+/)
      stages.push({ image, name, instructions: [] })
    } else stages.at(-1)?.instructions.push(instruction)
  }
  return stages
}

/** What the build context holds beside what is left out: `.dockerignore` names it, after a first line that leaves out all. */
export function allowedPaths(): string[] {
  const [first, ...others] = readFileSync(join(root, '.dockerignore'), 'utf8')
    .trim()
    .split('\n')
  if (first !== '*' || others.some((line) => !line.startsWith('!')))
    throw new Error('.dockerignore is no list of what is allowed')
  return others.map((line) => line.slice(1))
}

/** `KEY=value KEY="value"` of an ENV or LABEL. */
export function pairsOf(text: string): Record<string, string> {
  const pairs = text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)
  return Object.fromEntries(
    [...pairs].map(([, key = '', quoted, plain]) => [key, quoted ?? plain ?? '']),
  )
}

function logicalLines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
}

function readInstruction(line: string): Instruction {
  const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
  const flags: Record<string, string> = {}
  let text = rest.trim()
  for (
    let flag = /^--([\w-]+)=(\S+)\s+/.exec(text);
    flag !== null;
    flag = /^--([\w-]+)=(\S+)\s+/.exec(text)
  ) {
    flags[flag[1] ?? ''] = flag[2] ?? ''
    text = text.slice(flag[0].length)
  }
  return { name, flags, text, words: readExecForm(text.replace(/^CMD\s+/, '')) }
}

function readExecForm(text: string): string[] | null {
  if (!text.startsWith('[')) return null
  return JSON.parse(text) as string[]
}

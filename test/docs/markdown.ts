import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Document {
  /** From the root of the repository, such as `docs/metrics.md`. */
  path: string
  text: string
}

export interface CodeBlock {
  language: string
  code: string
  /** Of the opening fence, from 1. */
  line: number
}

export function readDocument(path: string): Document {
  return { path, text: readFileSync(`${root}${path}`, 'utf8') }
}

/** Every document that people read: those at the top, and everything under docs, examples and manifests. */
export function readDocuments(): Document[] {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'))
  const deeper = ['docs', 'examples', 'manifests'].flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  )
  return [...top, ...deeper].map(readDocument)
}

const FENCE = /^```(\w*)$/

export function codeBlocks(text: string): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let open: { language: string; lines: string[]; line: number } | null = null
  for (const [index, line] of text.split('\n').entries()) {
    const fence = FENCE.exec(line)
    if (open === null) {
      if (fence) open = { language: fence[1] ?? '', lines: [], line: index + 1 }
    } else if (fence) {
      blocks.push({ ...open, code: `${open.lines.join('\n')}\n` })
      open = null
    } else open.lines.push(line)
  }
  return blocks
}

/** The text without code blocks. */
export function prose(text: string): string {
  return text.replaceAll(/^```[^]*?^```$/gm, '')
}

/** Cells of every table row but headings and rules, without code marks and escapes. */
export function tableRows(text: string): string[][] {
  return prose(text)
    .split('\n')
    .filter((line, index, lines) => {
      const next = lines[index + 1] ?? ''
      return line.startsWith('|') && !isRule(line) && !isRule(next)
    })
    .map((line) => line.split('|').slice(1, -1).map(plainCell))
}

/** The part under a heading, up to the next one of the same level. */
export function section(text: string, heading: string): string {
  const start = text.indexOf(`\n${heading}\n`)
  if (start === -1) return ''
  const level = heading.slice(0, heading.indexOf(' ') + 1)
  const rest = text.slice(start + heading.length + 2)
  const end = rest.indexOf(`\n${level}`)
  return end === -1 ? rest : rest.slice(0, end)
}

/** Targets of links that stay inside the repository, without their anchors. */
export function relativeLinks(text: string): string[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target) && !target.startsWith('#'))
    .map((target) => target.replace(/#.*$/, ''))
}

function isRule(line: string): boolean {
  return /^\|(?:\s*:?-+:?\s*\|)+$/.test(line)
}

function plainCell(cell: string): string {
  return cell
    .trim()
    .replaceAll('`', '')
    .replaceAll(/\\([^\w\s])/g, '$1')
}

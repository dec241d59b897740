import { element, escapeMarkup } from './xml.ts'

/** One bar: how many images of each action. */
export interface Bar {
  label: string
  deny: number
  warn: number
  allow: number
}

const MAX_BARS = 10
const ROW = 22
const LABEL = 190
const WIDTH = 520
const COUNT = 44
const MAX_LABEL = 28

/** Horizontal stacked bars, the longest first; what is beyond ten is summed up in the last. Inline SVG without any script. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const sorted = bars.toSorted((a, b) => sum(b) - sum(a) || compare(a.label, b.label))
  const shown = sorted.length > MAX_BARS ? withOthers(sorted) : sorted
  const longest = Math.max(1, ...shown.map(sum))
  const scale = (WIDTH - LABEL - COUNT) / longest
  const height = Math.max(shown.length, 1) * ROW
  const content = shown.map((bar, index) => barElement(bar, index * ROW, scale)).join('')
  const label = `${title}: ${shown.map((bar) => `${bar.label} ${sum(bar)}`).join(', ')}`
  return element(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': label },
    content || element('text', { x: 0, y: 15 }, 'nothing'),
  )
}

function barElement(bar: Bar, top: number, scale: number): string {
  let x = LABEL
  const parts: string[] = []
  for (const action of ['deny', 'warn', 'allow'] as const) {
    if (bar[action] === 0) continue
    const width = round(bar[action] * scale)
    const title = element(
      'title',
      {},
      `${escapeMarkup(bar.label)}: ${bar[action]} ${action}`,
    )
    const attributes = { class: `bar-${action}`, x, y: top + 4, width, height: ROW - 8 }
    parts.push(element('rect', attributes, title))
    x = round(x + width)
  }
  const label =
    bar.label.length > MAX_LABEL ? `${bar.label.slice(0, MAX_LABEL - 1)}…` : bar.label
  const y = top + 15
  return [
    element('text', { x: LABEL - 8, y, 'text-anchor': 'end' }, escapeMarkup(label)),
    ...parts,
    element('text', { x: x + 6, y }, String(sum(bar))),
  ].join('')
}

function withOthers(sorted: readonly Bar[]): Bar[] {
  const rest = sorted.slice(MAX_BARS - 1)
  const total = (action: 'deny' | 'warn' | 'allow'): number =>
    rest.reduce((count, bar) => count + bar[action], 0)
  return [
    ...sorted.slice(0, MAX_BARS - 1),
    {
      label: `${rest.length} others`,
      deny: total('deny'),
      warn: total('warn'),
      allow: total('allow'),
    },
  ]
}

function sum({ deny, warn, allow }: Bar): number {
  return deny + warn + allow
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

/** By code unit, so that the order does not depend on the machine's language. */
function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

import { element, escapeMarkup } from './xml.ts'

/** One bar: how many images of each action. */
export interface Bar {
  label: string
  deny: number
  warn: number
  allow: number
}

const ACTIONS = ['deny', 'warn', 'allow'] as const
const MAX_BARS = 10
/** Of a bar, in units of its own: it is drawn as wide as there is room. */
const WIDTH = 1000
const HEIGHT = 10

/** Horizontal stacked bars, the longest first, each with its numbers in words; what is beyond ten is summed up in the last. Without any script. */
export function barChart(bars: readonly Bar[]): string {
  if (bars.length === 0) return '<p>nothing</p>'
  const sorted = bars.toSorted((a, b) => sum(b) - sum(a) || compare(a.label, b.label))
  const shown = sorted.length > MAX_BARS ? withOthers(sorted) : sorted
  const longest = Math.max(1, ...shown.map(sum))
  const rows = shown.map((bar) => barRow(bar, WIDTH / longest))
  return element('ul', { class: 'chart' }, rows.join(''))
}

function barRow(bar: Bar, scale: number): string {
  const label = element('span', { class: 'label' }, escapeMarkup(bar.label))
  const numbers = element('span', { class: 'numbers' }, numbersOf(bar))
  return element('li', {}, `${label}${drawing(bar, scale)}${numbers}`)
}

/** The bar alone, for eyes; the words beside it say the same. */
function drawing(bar: Bar, scale: number): string {
  let x = 0
  const parts: string[] = []
  for (const action of ACTIONS) {
    if (bar[action] === 0) continue
    const width = round(bar[action] * scale)
    const attributes = { class: `bar-${action}`, x, y: 0, width, height: HEIGHT }
    parts.push(element('rect', attributes))
    x = round(x + width)
  }
  const attributes = {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  }
  return element('svg', attributes, parts.join(''))
}

/** `1 deny, 16 allow` */
function numbersOf(bar: Bar): string {
  return ACTIONS.filter((action) => bar[action] > 0)
    .map((action) => `${bar[action]} ${action}`)
    .join(', ')
}

function withOthers(sorted: readonly Bar[]): Bar[] {
  const rest = sorted.slice(MAX_BARS - 1)
  const total = (action: (typeof ACTIONS)[number]): number =>
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

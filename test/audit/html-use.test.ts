import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import type { AuditOutcome } from '../../src/audit/audit-result.ts'
import { htmlReport } from '../../src/audit/reports/html.ts'
import { openPage } from '../support/browser.ts'
import type { Page } from '../support/browser.ts'
import { joined } from '../support/joined.ts'
import { withParts } from '../support/missing-parts.ts'
import { aGroup, aKnown, anImage, anOutcome } from './an-outcome.ts'

// The HTML report as people use it: on other screens, in the dark, without a mouse, with names that are too long.

const LONG = `registry.with-a-long-name.example.test:5000/${'team/'.repeat(40)}app:${'1'.repeat(128)}`

const outcome: AuditOutcome = {
  ...anOutcome(
    [
      anImage({ image: 'r.test/b:10', line: 10 }),
      anImage({ image: 'r.test/a:9', action: 'warn', cause: 'RateLimited', line: 9 }),
      aKnown(anImage({ image: LONG, container: 'c'.repeat(63), file: LONG })),
    ],
    [anImage({ image: '画像/ウェブ:1', action: 'allow', line: 100 })],
  ),
  problems: [
    {
      message: LONG,
      position: { file: `${'folder/'.repeat(30)}a.yaml`, line: 1, column: 1 },
    },
  ],
  groups: {
    causes: [aGroup('ImageNotFound')],
    registries: [aGroup(LONG)],
    namespaces: [aGroup('team-a')],
    nodes: [aGroup('n'.repeat(63))],
  },
}

const SCREEN = { width: 1280, height: 900, deviceScaleFactor: 1, mobile: false }

async function open(t: Test, what = outcome): Promise<Page> {
  const file = join(t.testdir(), 'report.html')
  await writeFile(file, joined(htmlReport(what, { version: '1', madeAtMs: 0 })))
  return openPage(t, { ...SCREEN, url: pathToFileURL(file).href })
}

/** What stands beyond the window, or is cut by a box that it does not fit into. */
const CUT = `[...document.querySelectorAll('body *')]
  .filter((element) => element.checkVisibility())
  .filter((element) => {
    const { right } = element.getBoundingClientRect()
    return right > innerWidth + 0.5 || (element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1)
  })
  .map((element) => element.tagName + '.' + element.className + ' ' + element.textContent.slice(0, 40))`

/** Texts and bars whose contrast with what is behind them is less than WCAG 2.2 asks for (1.4.3, 1.4.11). */
const FAINT = `(() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number)
  const light = (color) => {
    const [r, g, b] = channels(color).slice(0, 3).map((value) => {
      const part = value / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = (element) => {
    const color = getComputedStyle(element).backgroundColor
    return channels(color)[3] === 0 ? behind(element.parentElement) : color
  }
  const contrast = (color, element) => {
    const [a, b] = [light(color), light(behind(element))].sort()
    return (b + 0.05) / (a + 0.05)
  }
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')
  const texts = [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility() && hasText(element))
  const faint = [
    ...texts.map((element) => [element.className + ' ' + element.textContent.trim().slice(0, 20), contrast(getComputedStyle(element).color, element), 4.5]),
    ...[...document.querySelectorAll('rect')].map((bar) => [bar.className.baseVal, contrast(getComputedStyle(bar).fill, bar.closest('section')), 3]),
    ['placeholder', contrast(getComputedStyle(document.querySelector('#search'), '::placeholder').color, document.querySelector('#search')), 4.5],
  ]
  return faint.filter(([, found, wanted]) => found < wanted)
})()`

const SORTED = `[...document.querySelectorAll('#images th')].map((heading) => heading.getAttribute('aria-sort'))`
const PLACES = `[...document.querySelectorAll('#images tbody tr')].map((row) => row.cells[6].textContent.slice(-6))`

async function press(page: Page, key: string, code: number): Promise<void> {
  const event = { key, code: key, windowsVirtualKeyCode: code }
  const text = key === 'Enter' ? { text: '\r' } : {}
  await page.send('Input.dispatchKeyEvent', { type: 'keyDown', ...event, ...text })
  await page.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event })
}

await withParts(t, { file: import.meta.filename, needs: ['chromium'] }, async () => {
  await t.test('nothing is cut, on a wide screen or a narrow one', async (t) => {
    const page = await open(t)
    for (const width of [1600, 1280, 1100, 900, 600, 360]) {
      await page.send('Emulation.setDeviceMetricsOverride', { ...SCREEN, width })
      t.same(await page.evaluate(CUT), [], `${width} pixels`)
    }
  })

  await t.test('the headings stay in sight', async (t) => {
    const many = Array.from({ length: 60 }, (_, each) =>
      anImage({ image: `r.test/${each}` }),
    )
    const page = await open(t, anOutcome(many))
    const top = await page.evaluate(`(() => {
      document.querySelector('#images tbody').rows[50].scrollIntoView()
      return document.querySelector('#images th').getBoundingClientRect().top
    })()`)
    t.equal(top, 0)
  })

  await t.test('texts and bars can be told from what is behind them', async (t) => {
    const page = await open(t)
    for (const value of ['light', 'dark']) {
      const features = [{ name: 'prefers-color-scheme', value }]
      await page.send('Emulation.setEmulatedMedia', { features })
      t.same(await page.evaluate(FAINT), [], value)
    }
  })

  await t.test('headings are reached and sort by keys alone', async (t) => {
    const page = await open(t)
    t.same(await page.evaluate(SORTED), ['ascending', ...Array(6).fill(null)])
    await page.evaluate(`document.querySelector('#action').focus()`)
    for (let tabs = 0; tabs < 7; tabs += 1) await press(page, 'Tab', 9)

    t.equal(await page.evaluate('document.activeElement.textContent'), 'Place')
    t.not(
      await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'),
      'none',
    )
    await press(page, 'Enter', 13)
    t.same(await page.evaluate(SORTED), [...Array(6).fill(null), 'ascending'])
    const ascending = (await page.evaluate(PLACES)) as string[]
    t.same(ascending.slice(0, 3), ['ml:9:3', 'l:10:3', ':100:3'], 'numbers as numbers')
    await press(page, 'Enter', 13)
    t.same(await page.evaluate(SORTED), [...Array(6).fill(null), 'descending'])
    t.same(await page.evaluate(PLACES), ascending.toReversed())
    t.same(page.complaints, [])
  })

  await t.test('a filter that nothing fits says so', async (t) => {
    const page = await open(t)
    const filter = (words: string) =>
      page.evaluate(`(() => {
        const search = document.querySelector('#search')
        search.value = ${JSON.stringify(words)}
        search.dispatchEvent(new Event('input'))
        const none = document.querySelector('#none')
        return [none.checkVisibility() ? none.textContent : '', document.querySelector('#shown').textContent]
      })()`)

    t.same(await filter('nowhere'), ['No image fits this filter.', '0 of 4 shown'])
    t.same(await filter('画像'), ['', '1 of 4 shown'])
    t.same(await filter(''), ['', '4 of 4 shown'])
  })

  await t.test('a report of nothing says so, and one object is one', async (t) => {
    const page = await open(t, { objects: [], problems: [] })
    t.equal(
      await page.evaluate(`document.querySelector('#none').innerText`),
      'There was no image to judge.',
    )
    t.same(page.complaints, [])
    const one = await open(t, anOutcome([anImage({ image: 'r.test/a:1' })]))
    t.match(await one.evaluate('document.body.innerText'), '1 object judged')
  })
})

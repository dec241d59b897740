import { writeFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t from 'tap'
import { htmlReport } from '../../src/audit/reports/html.ts'
import { joined } from '../support/joined.ts'
import { aGroup, anImage, anOutcome } from './an-outcome.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { openPage } from '../support/browser.ts'
import { withParts } from '../support/missing-parts.ts'
import { realWorldFolder, startRealWorld } from './real-world.ts'

const SCREENSHOT = fileURLToPath(new URL('../../docs/images/report.png', import.meta.url))

await withParts(t, { file: import.meta.filename, needs: ['chromium'] }, async () => {
  await t.test('the HTML report, opened in Chromium', async (t) => {
    const world = await startRealWorld(t)
    await runInProcess(
      [
        'check',
        '--config',
        world.config,
        '-f',
        '.',
        '-o',
        `html=${world.inDirectory('report.html')}`,
      ],
      { cwd: realWorldFolder },
    )
    const url = pathToFileURL(world.inDirectory('report.html')).href
    const page = await openPage(t, { url, width: 1440, height: 900 })
    const evaluate = (expression: string) => page.evaluate(expression)
    const shown = `[...document.querySelectorAll('tbody tr')].filter((row) => row.checkVisibility())`

    t.equal(await evaluate('document.title'), 'Image pull report')
    t.same(
      await evaluate(
        `[...document.querySelectorAll('.sums b')].map((b) => b.textContent)`,
      ),
      ['68', '7', '4', '57'],
    )
    t.equal(await evaluate(`${shown}.length`), 68, 'every image')
    t.equal(await evaluate(`${shown}[0].dataset.action`), 'deny', 'the worst first')
    t.same(
      await evaluate(
        `[...document.querySelectorAll('.chart')].map((chart) => chart.innerText.split('\\n').slice(0, 4))`,
      ),
      [
        ['InvalidImageName', '4 deny', 'RateLimited', '2 warn'],
        ['quay.io', '19 allow', 'docker.io', '1 deny, 16 allow'],
      ],
      'a chart by cause and one by registry',
    )
    t.same(
      await evaluate(
        `[...document.querySelectorAll('.chart li:nth-child(2) rect')].map((bar) => [bar.className.baseVal, bar.getAttribute('width')])`,
      ),
      [
        ['bar-warn', '500'],
        ['bar-deny', '52.6'],
        ['bar-allow', '842.1'],
      ],
      'bars as long as their numbers',
    )

    const type = (words: string, action: string) =>
      evaluate(`(() => {
        const search = document.querySelector('#search')
        const select = document.querySelector('#action')
        search.value = ${JSON.stringify(words)}
        select.value = ${JSON.stringify(action)}
        search.dispatchEvent(new Event('input'))
        return ${shown}.map((row) => row.cells[2].querySelector('code').textContent)
      })()`)
    t.same(await type('POSTGRES shop', ''), [])
    t.same(await type('postgres', 'deny'), ['postgres:16.44-alpine'])
    t.equal(
      await evaluate(`document.querySelector('#shown').textContent`),
      '1 of 68 shown',
    )
    await type('', '')
    const sortBy = (column: number) =>
      evaluate(`document.querySelectorAll('th button')[${column}].click();
        ${shown}.map((row) => row.cells[${column}].dataset.key)`)
    const ascending = (await sortBy(3)) as string[]
    const descending = (await sortBy(3)) as string[]
    t.equal(ascending.at(-1), descending[0])
    t.not(ascending[0], ascending.at(-1))

    const background = `getComputedStyle(document.body).backgroundColor`
    const media = (value: string) =>
      page.send('Emulation.setEmulatedMedia', {
        features: [{ name: 'prefers-color-scheme', value }],
      })
    await media('light')
    t.equal(await evaluate(background), 'rgb(255, 255, 255)')
    await media('dark')
    t.equal(await evaluate(background), 'rgb(20, 23, 28)')
    await media('light')
    t.equal(
      await evaluate(`performance.getEntriesByType('resource').length`),
      0,
      'no network',
    )
    t.same(page.complaints, [], 'its own policy lets its style and script through')

    await sortBy(0)
    await evaluate('document.activeElement.blur()')
    const { data } = await page.send('Page.captureScreenshot', { format: 'png' })
    const png = Buffer.from(String(data), 'base64')
    t.ok(png.length > 20_000 && png.length < 200_000, `${png.length} bytes`)
    // The picture in the documents: PULLGATE_WRITE_SCREENSHOT=1 node test/audit/html-report.test.ts
    if (process.env.PULLGATE_WRITE_SCREENSHOT === '1') await writeFile(SCREENSHOT, png)
  })

  await t.test('the groups of an audit stay, whatever is filtered', async (t) => {
    const file = `${t.testdir()}/report.html`
    const none = { registries: [], namespaces: [] }
    const outcome = {
      ...anOutcome([anImage({ image: 'r.test/a:1' })]),
      groups: { ...none, causes: [aGroup('ImageNotFound')], nodes: [aGroup('node-1')] },
    }
    await writeFile(file, joined(htmlReport(outcome, { version: '1', madeAtMs: 0 })))
    const page = await openPage(t, {
      url: pathToFileURL(file).href,
      width: 800,
      height: 900,
    })

    const shown = await page.evaluate(`(() => {
      const search = document.querySelector('#search')
      search.value = 'nothing of the kind'
      search.dispatchEvent(new Event('input'))
      document.querySelector('#images th button').click()
      const rows = [...document.querySelectorAll('tbody tr')]
      return rows.filter((row) => row.checkVisibility()).map((row) => row.textContent)
    })()`)

    t.same(shown, ['ImageNotFound32142, perhaps 1 more', 'node-132142, perhaps 1 more'])
    t.same(page.complaints, [])
  })
})

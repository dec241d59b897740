import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import t from 'tap'
import type { AuditOutcome } from '../../src/audit/audit-result.ts'
import { markdownReport } from '../../src/audit/reports/markdown.ts'
import { sentencesOf } from '../../src/audit/reports/rows.ts'
import { printable } from '../../src/text/printable.ts'
import { joined } from '../support/joined.ts'
import { withParts } from '../support/missing-parts.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { aGroup, anImage, anOutcome } from './an-outcome.ts'
import { realWorldFolder, startRealWorld } from './real-world.ts'

// The Markdown report as GitHub's own renderer, cmark-gfm, makes HTML of it. `--unsafe` leaves in what GitHub's sanitizer takes out.

const EXTENSIONS = ['table', 'strikethrough', 'autolink', 'footnotes'].flatMap((name) => [
  '--extension',
  name,
])

function render(markdown: string): string {
  const args = ['--unsafe', ...EXTENSIONS]
  return execFileSync('cmark-gfm', args, { input: markdown, encoding: 'utf8' })
}

/** Tables of a page, as rows of cells of HTML. */
function tablesOf(html: string): string[][][] {
  return [...html.matchAll(/<table>([^]*?)<\/table>/g)].map(([, table = '']) =>
    [...table.matchAll(/<tr>([^]*?)<\/tr>/g)].map(([, row = '']) =>
      [...row.matchAll(/<t[hd][^>]*>([^]*?)<\/t[hd]>/g)].map(([, cell = '']) => cell),
    ),
  )
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
}

/** What a reader sees, but for the marks that keep names from being taken for people. */
function shown(html: string): string {
  return html
    .replaceAll('<br>', '\n')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(?:amp|lt|gt|quot);/g, (entity) => ENTITIES[entity] ?? entity)
    .replaceAll('\u200b', '')
}

/** Names of elements that are none of the report's own. */
function foreignElements(html: string): string[] {
  const own = /^(?:h2|h3|p|strong|code|br|ul|li|table|thead|tbody|tr|th|td)$/
  return [...html.matchAll(/<([a-z][\w-]*)/gi)]
    .map(([, name = '']) => name.toLowerCase())
    .filter((name) => !own.test(name))
}

/** Names that a forge would call, outside of code. */
function mentions(html: string): string[] {
  const prose = html.replaceAll(/<code>[^]*?<\/code>/g, '').replaceAll(/<[^>]*>/g, '')
  return prose.match(/(?<!\w)@[\w-]+|#\d+/g) ?? []
}

const HOSTILE = [
  'a | b || c',
  'a \\| b \\\\| c \\',
  '`x` ``y`` `',
  '<script>alert(1)</script>',
  '<!-- <b> --> <a href="https://evil.test">x</a> <https://evil.test>',
  '**b** _i_ ~~s~~ ![i](https://evil.test/i.png) [l](https://evil.test) [^1]',
  'https://evil.test www.evil.test me@evil.test mailto:me@evil.test',
  '@team/all @everyone #1 owner/repo#2 GH-3',
  '&lt;b&gt; &amp; &#64;all &#x40;all',
  '$a^2$ :tada: --- === - [ ] x',
]

/** As a registry may word it; line ends and all. */
const BROKEN = 'first\n\n| a | b |\r\n# heading\n```\n- item\u2028<b>'

interface Report {
  results: {
    object: { kind: string; namespace: string; name: string }
    images: {
      action: 'deny' | 'warn' | 'allow'
      container: string
      image: string
      position: { file: string; line: number; column: number }
      findings: { cause: string; message: string; doubts: string[]; advice: string }[]
    }[]
  }[]
}

type Image = Report['results'][number]['images'][number]

const MARK = { deny: '❌', warn: '⚠️', allow: '✅' } as const

const placeOf = ({ position: { file, line, column } }: Image): string =>
  `${file}:${line}:${column}`

const sentences = (finding: Image['findings'][number]): string =>
  `${finding.cause} ${sentencesOf(finding)}`

await withParts(t, { file: import.meta.filename, needs: ['cmark-gfm'] }, async () => {
  await t.test('a row for each image that is not allowed', async (t) => {
    const world = await startRealWorld(t)
    const outputs = ['json', 'markdown'].flatMap((format) => [
      '-o',
      `${format}=${world.inDirectory(format)}`,
    ])
    await runInProcess(['check', '--config', world.config, '-f', '.', ...outputs], {
      cwd: realWorldFolder,
    })
    const { results } = JSON.parse(
      await readFile(world.inDirectory('json'), 'utf8'),
    ) as Report
    const wrong = results.flatMap(({ object, images }) =>
      images
        .filter(({ action }) => action !== 'allow')
        .map((image) => ({ object, image })),
    )
    t.equal(wrong.length, 11)

    const html = render(await readFile(world.inDirectory('markdown'), 'utf8'))

    const [table = [], ...more] = tablesOf(html)
    t.same(more, [])
    t.same(table[0], ['', 'Object', 'Image', 'Finding'])
    t.same(
      table.slice(1).map((row) => row.map(shown)),
      wrong.map(({ object, image }) => [
        `${MARK[image.action]} ${image.action}`,
        `${object.kind} ${object.namespace}/${object.name}\n${placeOf(image)}`,
        `${image.container}: ${image.image}`,
        image.findings.map(sentences).join('\n'),
      ]),
    )
    t.same(foreignElements(html), [])
  })

  for (const text of [...HOSTILE, BROKEN]) {
    const title = printable(text)
    await t.test(`nothing breaks out of its cell: ${title}`, (t) => {
      const image = anImage({
        image: text,
        container: text,
        message: `${text}.`,
        advice: text,
        file: text,
      })
      const outcome: AuditOutcome = {
        ...anOutcome([image, anImage({ image: 'r.test/last:1' })]),
        problems: [{ message: text, position: image.position }],
        groups: { causes: [aGroup(text)], registries: [], namespaces: [], nodes: [] },
      }

      const html = render(joined(markdownReport(outcome)))

      const [groups, images] = tablesOf(html)
      t.equal(groups?.length, 2)
      t.same(
        groups?.map((row) => row.length),
        [6, 6],
      )
      t.same(
        images?.map((row) => row.length),
        [4, 4, 4],
      )
      t.same(foreignElements(html), [])
      t.same(mentions(html), [])
      const line = text.replaceAll(/[\n\r\u2028]+/g, ' ').trim()
      const [, object = '', name = '', finding = ''] = images?.[1]?.map(shown) ?? []
      t.equal(object, `Deployment team-a/web-0\n${line}:7:3`)
      t.equal(name, `${line}: ${line}`)
      t.equal(finding, `ImageNotFound ${line}. ${line}`)
      t.end()
    })
  }
})

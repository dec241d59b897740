import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readDocument, section, tableRows } from '../docs/markdown.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { explainRows } from './explain-rows.ts'
import { backOff, createWorld, failedEvent, pod } from './explain-world.ts'

// The fields that documents list are those that programs get, and the other way round.

/** Paths of all values, `[]` for each item of a list; of what is sometimes null, those of what it else is. */
function fieldsOf(values: readonly unknown[]): string[] {
  const paths = [...new Set(values.flatMap((value) => pathsOf(value, '')))]
  return paths
    .filter((path) => !paths.some((other) => isBelow(other, path)))
    .toSorted(compare)
}

function pathsOf(value: unknown, path: string): string[] {
  if (Array.isArray(value))
    return [`${path}[]`, ...value.flatMap((item) => pathsOf(item, `${path}[]`))]
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, item]) =>
    pathsOf(item, path === '' ? key : `${path}.${key}`),
  )
}

function isBelow(path: string, above: string): boolean {
  return path !== above && /^[.[]/.test(path.replace(above, '')) && path.startsWith(above)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : 1
}

function documented(path: string): string[] {
  const rows = tableRows(section(readDocument(path).text, '## JSON'))
  return rows.map(([field = '']) => field).toSorted(compare)
}

t.test('docs/explain.md has every field of an explanation', async (t) => {
  const shape = explainRows[0]?.pod ?? { image: '' }
  const told = explainRows[0]?.told ?? ''
  const { explain } = await createWorld(t, [
    pod('stuck', { ...shape, waiting: backOff(shape.image) }),
    failedEvent('stuck', shape.image, told),
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'idle', namespace: 'shop' },
      spec: {
        jobTemplate: {
          spec: {
            template: { spec: { containers: [{ name: 'c', image: shape.image }] } },
          },
        },
      },
    },
  ])
  const outputs = await Promise.all(
    ['pod/stuck', 'cronjob/idle'].map((name) => explain(name, '-o', 'json')),
  )

  const fields = fieldsOf(outputs.map(({ stdout }) => JSON.parse(stdout) as unknown))

  t.strictSame(fields, documented('docs/explain.md'))
})

t.test(
  'docs/audit.md has every field that audit adds to the report of check',
  async (t) => {
    const cwd = t.testdir({ objects: {} })
    const stuck = pod('a', { image: 'registry.acme.test/Team/web:1' })
    await writeFile(join(cwd, 'objects/pod.json'), JSON.stringify(stuck))
    const outputs = await Promise.all(
      [
        ['check', '-f', 'objects'],
        ['audit', '--standalone', 'objects'],
      ].map((args) => runInProcess([...args, '-o', 'json'], { cwd })),
    )

    const [checked = [], audited = []] = outputs.map(({ stdout }) =>
      fieldsOf([JSON.parse(stdout)]),
    )

    // A Pod of a cluster stands in no file.
    const before = new Set([...checked, 'results[].images[].position'])
    const added = audited.filter((field) => !before.has(field))
    const groups = ['registries', 'namespaces', 'nodes'].map((name) => `groups.${name}[]`)
    const own = added.filter((field) => !groups.some((group) => field.startsWith(group)))
    t.strictSame([...own, ...groups].toSorted(compare), documented('docs/audit.md'))
    const shapes = ['groups.causes[]', ...groups].map((group) =>
      added
        .filter((field) => field.startsWith(group))
        .map((field) => field.slice(group.length)),
    )
    for (const shape of shapes) t.strictSame(shape, shapes[0])
  },
)

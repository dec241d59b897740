import t from 'tap'
import type { Test } from 'tap'
import { failureCatalogue } from '../../src/prediction/catalogue/failure-catalogue.ts'
import { causes } from '../../src/prediction/causes.ts'
import {
  connectionCases,
  contentCases,
  credentialCases,
  existenceCases,
  nameCases,
  nodeCases,
} from './rows.ts'
import type { Case } from './rows.ts'
import { judge } from './world.ts'

const cases = [
  ...nameCases,
  ...existenceCases,
  ...credentialCases,
  ...connectionCases,
  ...contentCases,
  ...nodeCases,
]
/** Rows whose cases are in connections.test.ts: they need TLS, DNS, several hosts or a clock. */
const ELSEWHERE = new Set([17, 18, 45, 46, 47, 48, 49, 80])

for (const each of cases) {
  await t.test(`row ${each.row}: ${each.what}`, async (t) => check(t, each))
}

async function check(t: Test, each: Case): Promise<void> {
  const { leading, action, findings } = await judge(t, each)

  t.equal(leading?.cause ?? null, each.cause)
  t.equal(action, each.action)
  const certain = leading !== null && causes[leading.cause].defaultAction === 'deny'
  if (certain)
    t.equal(leading.certainty, each.action === 'deny' ? 'certain' : 'uncertain')
  const texts = findings.flatMap(({ message, advice, doubts }) => [
    message,
    advice ?? '',
    ...doubts,
  ])
  for (const word of each.words ?? []) {
    const isSaid = texts.some((text) =>
      typeof word === 'string' ? text.includes(word) : word.test(text),
    )
    t.ok(isSaid, `says ${String(word)}: ${texts.join(' / ')}`)
  }
  if (each.also)
    t.ok(
      findings.some(({ cause }) => cause === each.also),
      each.also,
    )
}

t.test(
  'every row that can be told has a case, and the case that decides is its own',
  (t) => {
    for (const { row, predictable, causes: codes, action } of failureCatalogue) {
      const own = cases.filter((each) => each.row === row)
      if (ELSEWHERE.has(row)) continue
      if (predictable !== 'no') t.not(own.length, 0, `row ${row} has a case`)
      for (const each of own) {
        if (each.cause !== null)
          t.ok(codes.includes(each.cause), `row ${row}: ${each.cause}`)
        if (each.also) t.ok(codes.includes(each.also), `row ${row}: ${each.also}`)
      }
      if (own.length > 0)
        t.ok(
          own.some((each) => each.action === action),
          `row ${row}: ${action}`,
        )
    }
    t.end()
  },
)

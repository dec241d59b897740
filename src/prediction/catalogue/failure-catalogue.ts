import { connection } from './connection.ts'
import { content } from './content.ts'
import { credentials } from './credentials.ts'
import { existence } from './existence.ts'
import { names } from './names.ts'
import { nodes } from './nodes.ts'
import type { CatalogueRow } from './catalogue-row.ts'
import type { CauseCode } from '../causes.ts'

/** The rows by what they are about. docs/failure-catalogue.md is written from it, and a test holds the two together. */
export const catalogueParts: readonly { title: string; rows: readonly CatalogueRow[] }[] =
  [
    {
      title:
        'Names and addresses as written: the kubelet refuses them, or no registry can have them',
      rows: names,
    },
    { title: 'What the registry has', rows: existence },
    { title: 'Pull secrets and what the registry makes of them', rows: credentials },
    { title: 'The way to the registry and its token service', rows: connection },
    { title: 'What the registry serves', rows: content },
    { title: 'What only the node can tell', rows: nodes },
  ]

/** Every row, in the order of its number (pull-semantics 7: 84 ways in which a pull fails or seems to). */
export const failureCatalogue: readonly CatalogueRow[] = catalogueParts
  .flatMap(({ rows }) => rows)
  .toSorted((a, b) => a.row - b.row)

/** Numbers of the rows that a cause covers. */
export function rowsOf(cause: CauseCode): number[] {
  return failureCatalogue
    .filter(({ causes }) => causes.includes(cause))
    .map(({ row }) => row)
}

import { printable } from '../text/printable.ts'
import { createObjectStore } from '../cluster/object-store.ts'
import type { Collection } from './collect-manifests.ts'

const MAX_NAMED = 3

/**
 * What was not looked at or could not be, for standard error. That a cluster could not be read is told beside a report for programs
 * too; what is only good to know is not.
 */
export function whatIsMissing(
  collection: Collection,
  about: { unread: string | null; live: boolean; people: boolean },
): string[] {
  const offline = about.live || !about.people ? null : whatIsUnknown(collection)
  return [whatWasNotJudged(collection), offline, about.unread].filter(
    (line) => line !== null,
  )
}

/** What files by themselves do not tell, as one line; null where there is nothing to judge. */
function whatIsUnknown({ workloads, objects }: Collection): string | null {
  if (workloads.length === 0) return null
  const store = createObjectStore(objects)
  const secrets = new Set(
    workloads.flatMap(({ workload }) =>
      workload.pullSecrets
        .map((name) => ({ namespace: workload.object.namespace, name }))
        .filter(({ namespace, name }) => store.get('Secret', namespace, name) === null)
        .map(({ namespace, name }) => `${namespace}/${name}`),
    ),
  )
  const unknown = ['the service accounts, nodes and Pods of the cluster']
  if (secrets.size > 0) unknown.unshift(`the pull secrets ${listed([...secrets])}`)
  return printable(
    `Judged without a cluster; not known: ${unknown.join(', ')}. --cluster looks them up.`,
  )
}

/** Which objects were not looked into although they may name images, as one line; null when there are none. */
function whatWasNotJudged({ unjudged }: Collection): string | null {
  if (unjudged.size === 0) return null
  const kinds = [...unjudged].map(([kind, count]) =>
    count > 1 ? `${count} ${kind}` : kind,
  )
  return printable(
    `Not judged, since no rule of customResources says where their images are: ${listed(kinds)}.`,
  )
}

function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMED
  const shown = names.slice(0, MAX_NAMED).join(', ')
  return more > 0 ? `${shown} and ${more} more` : shown
}

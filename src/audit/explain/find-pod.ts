import type { ListedKind, ObjectLister } from '../../cluster/object-lister.ts'
import type { Fields } from '../../json/fields.ts'
import { fieldsOrEmpty, fieldsList, textOrEmpty } from '../../cluster/lenient-fields.ts'
import { readPodState } from './read-pod-state.ts'
import type { PodState } from './read-pod-state.ts'

export interface ExplainTarget extends ListedKind {
  namespace: string
  name: string
}

/** The object is not there, or may not be read; the message says which. */
export class TargetNotFound extends Error {
  readonly code = 'TargetNotFound'
}

/** The object by name. Throws TargetNotFound. */
export async function readTarget(
  lister: ObjectLister,
  target: ExplainTarget,
): Promise<Fields> {
  const { apiVersion, kind, namespace, name } = target
  const listing = await lister.list(
    {
      kind: { apiVersion, kind },
      namespace,
      labels: '',
      fields: `metadata.name=${name}`,
    },
    (fields) => fields,
  )
  const shown = `${kind} ${namespace}/${name}`
  if (listing.status === 'unlisted')
    throw new TargetNotFound(`${shown} cannot be read: ${listing.reason}`)
  const found = listing.status === 'listed' ? listing.items[0] : undefined
  if (found === undefined) throw new TargetNotFound(`${shown} does not exist`)
  return found
}

/** Between an object and its Pods. */
const MAKERS: readonly ListedKind[] = [
  { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  { apiVersion: 'batch/v1', kind: 'Job' },
]

const POD: ListedKind = { apiVersion: 'v1', kind: 'Pod' }

/** `unread`: what could not be listed and so may hide a Pod, as full sentences. */
export interface FoundPod {
  pod: Fields | null
  unread: string[]
}

/** The Pod of an object that fares worst, the youngest of equals; null when none is seen. */
export async function worstPod(
  lister: ObjectLister,
  { kind, namespace, name }: ExplainTarget,
): Promise<FoundPod> {
  const owners = new Set([`${kind}/${name}`])
  const unread: string[] = []
  const note = (what: string, reason: string): void =>
    void unread.push(`${what} of namespace ${namespace} could not be listed (${reason}).`)
  for (const maker of MAKERS) {
    if (maker.kind === kind) continue
    const made = await lister.list({ kind: maker, namespace, labels: '' }, (fields) =>
      ownedBy(fields, owners) ? { name: nameOf(fields) } : null,
    )
    if (made.status === 'unlisted') note(`${maker.kind}s`, made.reason)
    if (made.status !== 'listed') continue
    for (const item of made.items) owners.add(`${maker.kind}/${item.name}`)
  }
  const pods = await lister.list({ kind: POD, namespace, labels: '' }, (fields) =>
    ownedBy(fields, owners) ? fields : null,
  )
  if (pods.status === 'unlisted') note('Pods', pods.reason)
  if (pods.status !== 'listed') return { pod: null, unread }
  const ranked = pods.items
    .map((fields) => ({ fields, state: readPodState(fields) }))
    .toSorted((a, b) => badness(b.state) - badness(a.state) || youth(b.state, a.state))
  return { pod: ranked[0]?.fields ?? null, unread }
}

function ownedBy(fields: Fields, owners: ReadonlySet<string>): boolean {
  return fieldsList(fieldsOrEmpty(fields.metadata).ownerReferences).some(
    ({ controller, kind, name }) =>
      controller === true && owners.has(`${textOrEmpty(kind)}/${textOrEmpty(name)}`),
  )
}

function nameOf(fields: Fields): string {
  return textOrEmpty(fieldsOrEmpty(fields.metadata).name)
}

function badness({ phase, containers }: PodState): number {
  if (phase === 'Succeeded') return 0
  if (containers.some(({ isPullFailing }) => isPullFailing)) return 4
  if (containers.some(({ isStartFailing }) => isStartFailing)) return 3
  if (phase === 'Pending') return 2
  return 1
}

function youth(a: PodState, b: PodState): number {
  return (a.createdAt ?? '') < (b.createdAt ?? '') ? -1 : 1
}

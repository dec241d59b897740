import type { ObjectLister } from '../../cluster/object-lister.ts'
import { resolvePullCredentials } from '../../prediction/pull-secrets/resolve-pull-credentials.ts'
import { registryOf } from '../../cluster/read-pod.ts'
import type { ClusterFacts } from '../../prediction/cluster-facts.ts'
import { predictSettled } from '../../prediction/predict-settled.ts'
import type { Predictor } from '../../prediction/predictor.ts'
import type { Fields } from '../../json/fields.ts'
import type { CustomResourceRule } from '../../workload/custom-resource-rule.ts'
import { readWorkload } from '../../workload/read-workload.ts'
import type { Workload } from '../../workload/workload.ts'
import { valueBefore } from '../../time/value-before.ts'
import { explainImage } from './explain-image.ts'
import type { Explanation } from './explanation.ts'
import { readTarget, TargetNotFound, worstPod } from './find-pod.ts'
import type { ExplainTarget } from './find-pod.ts'
import { readEvent, readPodState } from './read-pod-state.ts'
import type { PodEvent, PodState } from './read-pod-state.ts'

export interface ExplainObjectOptions {
  target: ExplainTarget
  lister: ObjectLister
  facts: ClusterFacts
  predictor: Predictor
  rules: readonly CustomResourceRule[]
  secrets: 'get' | 'none'
  signal: AbortSignal
}

/**
 * Why the images of a live object are stuck, or would be: the kubelet's words of its worst Pod beside what the registry says
 * now. Throws TargetNotFound for what is not there or holds no images.
 */
export async function explainObject(options: ExplainObjectOptions): Promise<Explanation> {
  const { target, facts, predictor, signal } = options
  const lister = listsBefore(signal, options.lister)
  const object = await readTarget(lister, target)
  const { pod, unread } =
    target.kind === 'Pod' ? { pod: object, unread: [] } : await worstPod(lister, target)
  const notes = [...unread]
  if (pod === null)
    notes.push(
      unread.length === 0
        ? `${target.kind} ${target.name} has no Pods: its template is judged.`
        : `No Pods of ${target.kind} ${target.name} are seen: its template is judged.`,
    )
  const judged = readImages(pod ?? withIdentity(object, target), options)
  const state = pod === null ? null : readPodState(pod)
  const events = state === null ? [] : await readEvents(lister, state, notes)
  const neighbours =
    state === null ? [] : await readNeighbours(judged, { lister, target }, notes)
  const read = { fresh: false, signal }
  const [predictions, credentials] = await Promise.all([
    predictSettled(predictor, { workload: judged, images: judged.images, signal }),
    resolvePullCredentials(judged, { facts, mode: options.secrets, read }),
  ])
  const elsewhere = new Map<string, string[] | null>()
  for (const { fact, name } of credentials.secrets)
    if (fact.status === 'absent')
      elsewhere.set(name, await credentials.namespacesWithSecret(name))
  const shared = { pod: state, events, neighbours, credentials, elsewhere }
  return {
    object: { ...target },
    pod: state === null ? null : withoutContainers(state),
    images: predictions.map((prediction) => explainImage({ ...shared, prediction })),
    notes,
  }
}

/** A list that takes longer than there is time counts as one that cannot be had. */
function listsBefore(signal: AbortSignal, lister: ObjectLister): ObjectLister {
  return {
    ...lister,
    list: (options, reduce) =>
      valueBefore(signal, lister.list(options, reduce), () => ({
        status: 'unlisted',
        reason: 'there was no time left',
      })),
  }
}

function withoutContainers(state: PodState): NonNullable<Explanation['pod']> {
  const { namespace, name, node, phase, createdAt } = state
  return { namespace, name, node, phase, createdAt }
}

function withIdentity(fields: Fields, { apiVersion, kind }: ExplainTarget): Fields {
  return { apiVersion, kind, ...fields }
}

function readImages(fields: Fields, { target, rules }: ExplainObjectOptions): Workload {
  const object = { apiVersion: 'v1', kind: 'Pod', ...fields }
  const read = readWorkload(object, rules, { namespace: target.namespace })
  if (read.status === 'workload') return read.workload
  const shown = `${target.kind} ${target.namespace}/${target.name}`
  throw new TargetNotFound(
    read.status === 'malformed'
      ? `${shown}: ${read.reason}`
      : `${shown} holds no images; custom resources need a rule in the configuration`,
  )
}

/** Events are kept for an hour, so there may be none left. */
async function readEvents(
  lister: ObjectLister,
  { namespace, name }: PodState,
  notes: string[],
): Promise<PodEvent[]> {
  const listing = await lister.list(
    {
      kind: { apiVersion: 'v1', kind: 'Event' },
      namespace,
      labels: '',
      fields: `involvedObject.kind=Pod,involvedObject.name=${name}`,
    },
    readEvent,
  )
  if (listing.status === 'listed') return listing.items
  if (listing.status === 'unlisted')
    notes.push(`Events could not be read (${listing.reason}).`)
  return []
}

/**
 * Pods with images of the same registries: of the cluster, or of the namespace where that is all that may be seen; null where
 * not even that.
 */
async function readNeighbours(
  { images }: Workload,
  { lister, target }: Pick<ExplainObjectOptions, 'lister' | 'target'>,
  notes: string[],
): Promise<PodState[] | null> {
  const kind = { apiVersion: 'v1', kind: 'Pod' }
  const registries = new Set(images.map(({ image }) => registryOf(image)))
  const reduce = (fields: Fields): PodState | null => {
    const state = readPodState(fields)
    const isNear = state.containers.some(({ image }) => registries.has(registryOf(image)))
    return isNear ? state : null
  }
  for (const where of [null, target.namespace]) {
    const listing = await lister.list({ kind, namespace: where, labels: '' }, reduce)
    if (listing.status === 'listed') return listing.items
    const scope = where === null ? 'the cluster' : `namespace ${where}`
    const reason = listing.status === 'unlisted' ? listing.reason : 'there are none'
    notes.push(`Pods of ${scope} could not be listed (${reason}).`)
  }
  return null
}

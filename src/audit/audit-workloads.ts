import type { Configuration } from '../configuration/configuration.ts'
import { decide } from '../policy/decide.ts'
import { withoutExemptImages } from '../policy/exempt-images.ts'
import { exemptionFor } from '../policy/exemption.ts'
import { effectiveMode } from '../policy/mode.ts'
import type { ClusterFacts } from '../prediction/cluster-facts.ts'
import type { Predictor } from '../prediction/predictor.ts'
import { contactedOrNull } from '../reference/contacted-reference.ts'
import { startDeadline } from '../time/deadline.ts'
import type { ImageDecision } from '../policy/decision.ts'
import type { AuditedObject } from './audit-result.ts'
import type { CollectedWorkload } from './collect-manifests.ts'

export interface AuditWorkloadsOptions {
  predictor: Predictor
  facts: Pick<ClusterFacts, 'namespace'>
  configuration: Configuration
  /** How long one object may take, waiting for its turn at the registries included, in milliseconds. */
  objectTimeoutMs: number
  signal: AbortSignal
  /** Told after each object. */
  onProgress?: (done: number) => void
}

/** Objects judged at a time: enough to keep the connections to twenty registries busy, and memory bounded. */
const PARALLEL = 384

/**
 * Judges every workload as `enforce` would, in the order given. What is provisional is kept and judged anew at the end, when it is
 * known which hosts serve images: two runs say the same, whichever look-up was answered first. When the signal fires, what was judged by then is left, and what
 * was under way is not, rather than called unverified. Each is taken when its turn comes, so that nobody need keep them.
 */
export async function auditWorkloads(
  workloads: Iterable<CollectedWorkload>,
  options: AuditWorkloadsOptions,
): Promise<AuditedObject[]> {
  const results: AuditedObject[] = []
  const held: Turn[] = []
  let done = 0
  function settle({ index }: Turn, result: AuditedObject): void {
    results[index] = result
    done += 1
    options.onProgress?.(done)
  }
  await judgeAll(inTurn(workloads), options, (turn, result) => {
    if (isProvisional(result)) held.push(turn)
    else settle(turn, result)
  })
  await judgeAll(held, options, settle)
  return results.filter((result) => result !== undefined)
}

interface Turn {
  /** Its place in the report. */
  index: number
  collected: CollectedWorkload
}

function* inTurn(workloads: Iterable<CollectedWorkload>): Generator<Turn> {
  let index = 0
  for (const collected of workloads) {
    yield { index, collected }
    index += 1
  }
}

function isProvisional({ images }: AuditedObject): boolean {
  return images.some(({ decision }) => decision.prediction.provisional === true)
}

/** Each result is taken as it comes, unless the signal has fired. */
async function judgeAll(
  turns: Iterable<Turn>,
  options: AuditWorkloadsOptions,
  take: (turn: Turn, result: AuditedObject) => void,
): Promise<void> {
  const queue = turns[Symbol.iterator]()
  async function work(): Promise<void> {
    // A signal compares each new listener with all that it has: one for each worker, and not for each object.
    const own = AbortSignal.any([options.signal])
    while (!options.signal.aborted) {
      const next = queue.next()
      if (next.done === true) return
      const { signal, clear } = startDeadline(options.objectTimeoutMs, own)
      const result = await auditWorkload(next.value.collected, { ...options, signal })
      clear()
      if (options.signal.aborted) return
      take(next.value, result)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
}

async function auditWorkload(
  { workload, positionOf, shownAs }: CollectedWorkload,
  options: AuditWorkloadsOptions,
): Promise<AuditedObject> {
  const { configuration, predictor, signal } = options
  const shown = shownAs ?? workload.object
  const { namespace } = workload.object
  const home = await options.facts.namespace(namespace, { fresh: false, signal })
  const labels = home.status === 'known' ? home.value.labels : {}
  const { mode } = effectiveMode(configuration.mode, labels)
  const { exemption } = exemptionFor({
    workload,
    namespace,
    username: null,
    mode,
    settings: configuration,
  })
  if (exemption !== null) {
    const exempted = `exempt (${exemption.kind}: ${exemption.reason})`
    return { object: shown, images: [], exempted }
  }
  const { judged, exempt } = withoutExemptImages(
    workload.images,
    configuration.exempt.images,
  )
  const predictions = await predictor.predict({ workload, images: judged, signal })
  const decision = decide({
    predictions,
    workload,
    mode: 'enforce',
    settings: configuration,
    ceilings: [],
  })
  const allowed = exempt.map(({ use }): ImageDecision => ({
    prediction: {
      use,
      reference: contactedOrNull(use.image),
      digest: null,
      findings: [],
      attempts: [],
    },
    action: 'allow',
    leading: null,
    findings: [],
  }))
  const order = new Map(workload.images.map((use, index) => [use, index]))
  const images = [...decision.images, ...allowed]
    .toSorted(
      (a, b) => (order.get(a.prediction.use) ?? 0) - (order.get(b.prediction.use) ?? 0),
    )
    .map((image) => ({
      decision: image,
      position: positionOf(image.prediction.use.path),
      known: [],
    }))
  return { object: shown, images, exempted: null }
}

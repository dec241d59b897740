import type { ListedKind } from '../cluster/object-lister.ts'
import { fieldsOrEmpty, textOrEmpty } from '../cluster/lenient-fields.ts'
import { selects } from '../cluster/label-selector-text.ts'
import type { Fields } from '../json/fields.ts'
import { printable } from '../text/printable.ts'
import type { CustomResourceRule } from '../workload/custom-resource-rule.ts'
import { readWorkload } from '../workload/read-workload.ts'
import type { NodeSelectorRequirement, Workload } from '../workload/workload.ts'
import type { AuditProblem } from './audit-result.ts'
import { kindKey, objectKey, POD } from './cluster-kinds.ts'
import type { FoldedItem, Folding } from './fold-owners.ts'
import { isActive, isFinishedPod, runsByItself } from './is-active.ts'

export interface ItemReaderOptions {
  rules: readonly CustomResourceRule[]
  includeInactive: boolean
  kind: ListedKind
  selector: readonly NodeSelectorRequirement[]
  problems: AuditProblem[]
  /** With the owners of what is read. */
  folding: Pick<Folding, 'isLeftOut'>
}

/** Reduces the objects of one kind to items as they come; null for what does not count at all. */
export function createItemReader(
  options: ItemReaderOptions,
): (fields: Fields) => FoldedItem | null {
  const { rules, selector, includeInactive, problems, folding } = options
  const isPod = options.kind === POD
  return (fields) => {
    const read = readWorkload(fields, rules)
    if (read.status === 'malformed') {
      const name = textOrEmpty(fieldsOrEmpty(fields.metadata).name)
      const message = `${options.kind.kind} ${printable(name, 253)}: ${read.reason}`
      problems.push({ message, position: null })
    }
    if (read.status !== 'workload' || isMirrorPod(read.workload)) return null
    const { workload } = read
    if (workload.deleting) return null
    const isLive = isActive(workload, fields)
    const { controller, object } = workload
    const controlledBy =
      controller === null
        ? null
        : objectKey({ ...object, ...controller, namespace: object.namespace })
    const goesOnAlone =
      isLive &&
      controlledBy !== null &&
      runsByItself(object.kind) &&
      folding.isLeftOut(controlledBy)
    const wanted = goesOnAlone || selects(selector, workload.labels)
    return {
      key: objectKey(object),
      owner: goesOnAlone ? null : controlledBy,
      ownerKind:
        controller === null ? null : kindKey(controller.apiVersion, controller.kind),
      workload: wanted && (isLive || includeInactive) ? withoutBallast(workload) : null,
      isActive: isLive || !wanted,
      pod: isPod && !isFinishedPod(fields) ? countedPod(workload, fields) : null,
    }
  }
}

/** A mirror Pod only shows what a kubelet runs from a file of its own; the API server cannot change it. */
function isMirrorPod({ annotations }: Workload): boolean {
  return Object.hasOwn(annotations, 'kubernetes.io/config.mirror')
}

/** The whole object once more, as kubectl apply left it there. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

function withoutBallast(workload: Workload): Workload {
  const { [LAST_APPLIED]: _dropped, ...annotations } = workload.annotations
  const podAnnotations =
    workload.form === 'pod' ? annotations : { ...workload.podAnnotations }
  return { ...workload, annotations, podAnnotations }
}

function countedPod(workload: Workload, fields: Fields): NonNullable<FoldedItem['pod']> {
  const images = [...new Set(workload.images.map(({ image }) => image))].toSorted()
  const node = textOrEmpty(fieldsOrEmpty(fields.spec).nodeName)
  return { node: node === '' ? null : node, images: JSON.stringify(images) }
}

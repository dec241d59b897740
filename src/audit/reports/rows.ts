import { printable } from '../../text/printable.ts'
import { paragraphOf } from '../../text/sentences.ts'
import type { JudgedFinding } from '../../policy/decision.ts'
import type { ObjectIdentity } from '../../workload/workload.ts'
import type {
  AuditOutcome,
  AuditedImage,
  AuditedObject,
  Position,
} from '../audit-result.ts'
import { isKnown } from '../baseline.ts'
import { registryLabel } from '../registry-label.ts'

/** One image of one object, with the texts that several reports show. All of them are fit to be shown. */
export interface Row {
  audited: AuditedObject
  image: AuditedImage
  /** `Deployment shop/web` */
  title: string
  /** Name of the container or volume, else the field. */
  container: string
  imageName: string
  registry: string
}

/** Every judged image, in the order of the outcome. */
export function* rowsOf({ objects }: Pick<AuditOutcome, 'objects'>): Generator<Row> {
  for (const audited of objects) {
    for (const image of audited.images) {
      const { prediction } = image.decision
      const { use } = prediction
      yield {
        audited,
        image,
        title: titleOf(audited.object),
        container: printable(use.container ?? use.path),
        imageName: imageNameOf(use.image),
        registry: printable(registryLabel(prediction)),
      }
    }
  }
}

/** The image as it is written, fit to be shown. */
export function imageNameOf(image: string): string {
  return printable(image) || '(empty)'
}

/** `Deployment shop/web`; `Job shop/(unnamed)` where only `generateName` is given. */
export function titleOf({ kind, namespace, name }: ObjectIdentity): string {
  const known = name === '' ? UNNAMED : name
  return printable(`${kind} ${namespace === '' ? known : `${namespace}/${known}`}`)
}

const UNNAMED = '(unnamed)'

/** `a.yaml:8:3` */
export function placeOf({ file, line, column }: Position): string {
  return printable(`${file}:${line}:${column}`)
}

/** Whether the position is in a file that others can open, rather than in a stream. */
export function isInFile(position: Position | null): position is Position {
  return position !== null && position.file !== '-' && !position.file.startsWith(RENDERED)
}

/** How positions call what a kustomization was rendered to. */
export const RENDERED = 'kustomize build '

/** The mark of one finding that the baseline knows, beside others that it does not: where it knows all, the image has the mark. */
export function knownMark(image: AuditedImage, judged: JudgedFinding): string {
  return image.known.includes(judged) && !isKnown(image) ? `${IN_BASELINE} ` : ''
}

export const IN_BASELINE = '(in the baseline)'

/** A finding in one paragraph: what is so, why it is in doubt, what to do. */
export function sentencesOf(finding: {
  message: string
  doubts: readonly string[]
  advice: string | null
}): string {
  const { message, doubts, advice } = finding
  return paragraphOf([message, ...doubts, advice ?? ''])
}

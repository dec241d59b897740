import type { Decision } from '../policy/decision.ts'
import { printable } from '../text/printable.ts'

const MAX_VALUE_LENGTH = 256
const MAX_IMAGES_LENGTH = 1024

/**
 * What the API server's audit log keeps of a decision, under `images.pullgate.dev/<key>`. Keys are those of a qualified
 * name; values are single bounded lines. An image that will be pulled leaves no trace but `decision: allow`.
 */
export function auditAnnotations(decision: Decision): Record<string, string> {
  const { action, enforcing, mode, exemption, ceilings } = decision
  const annotations: Record<string, string> = { decision: action, mode, enforcing }
  const causes = new Set(
    decision.images.flatMap(({ findings }) =>
      findings.map(({ finding }) => finding.cause),
    ),
  )
  if (causes.size > 0) {
    annotations.causes = printable([...causes].join(','), MAX_VALUE_LENGTH)
    annotations.images = printable(troubledImages(decision), MAX_IMAGES_LENGTH)
  }
  if (ceilings.length > 0)
    annotations.ceilings = printable(ceilings.join(' '), MAX_VALUE_LENGTH)
  if (exemption === null) return annotations
  if (exemption.kind === 'skip-annotation')
    annotations.skip = printable(exemption.reason, MAX_VALUE_LENGTH)
  else
    annotations.exempt = printable(
      `${exemption.kind}: ${exemption.reason}`,
      MAX_VALUE_LENGTH,
    )
  return annotations
}

function troubledImages(decision: Decision): string {
  const told = decision.images
    .filter(({ leading }) => leading !== null)
    .map(({ prediction, action, leading }) => {
      const image = printable(prediction.use.image, MAX_VALUE_LENGTH)
      return `${image} ${action} ${leading?.finding.cause ?? ''}`
    })
  // A hundred containers with one image have one thing to tell, and the room is small.
  return [...new Set(told)].join('; ')
}

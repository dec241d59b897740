import type { Decision } from '../policy/decision.ts'
import type { ExemptImage } from '../policy/exempt-images.ts'
import { printable } from '../text/printable.ts'
import type { AdmissionRequest } from '../workload/admission-request.ts'
import type { Passed } from '../workload/judge-request.ts'
import type { Log } from './log.ts'

const MAX_LOGGED_IMAGES = 20
const MAX_LENGTH = 300

/** One line per decision. Names, images and causes only: no finding's text, since that is for whoever asked. */
export function logDecision(
  log: Log,
  request: AdmissionRequest,
  entry: { decision: Decision; exemptImages: readonly ExemptImage[]; durationMs: number },
): void {
  const { decision, exemptImages, durationMs } = entry
  const { images, exemption } = decision
  log.info(
    {
      ...requestFields(request),
      mode: decision.mode,
      action: decision.action,
      enforcing: decision.enforcing,
      ...(exemption === null
        ? {}
        : {
            exempt: exemption.kind,
            exemptReason: printable(exemption.reason, MAX_LENGTH),
          }),
      images: images
        .slice(0, MAX_LOGGED_IMAGES)
        .map(({ prediction, action, leading }) => ({
          image: printable(prediction.use.image, MAX_LENGTH),
          action,
          cause: leading?.finding.cause ?? null,
        })),
      imageCount: images.length,
      ...(exemptImages.length === 0
        ? {}
        : { exemptImages: exemptImages.slice(0, MAX_LOGGED_IMAGES).map(exemptText) }),
      durationMs: rounded(durationMs),
    },
    'decision',
  )
}

/** A request that needed no look at images; on the debug level, since most are status changes and restarts. */
export function logPass(
  log: Log,
  request: AdmissionRequest,
  passed: Passed,
  durationMs: number,
): void {
  const fields = { ...requestFields(request), reason: passed.reason }
  if (passed.reason === 'malformed-object')
    log.warn({ ...fields, detail: printable(passed.detail, MAX_LENGTH) }, 'not judged')
  else log.debug({ ...fields, durationMs: rounded(durationMs) }, 'not judged')
}

/** Which request it was, for every line about one. */
export function requestFields(
  request: AdmissionRequest,
): Record<string, string | boolean> {
  const { kind, subResource } = request
  return {
    uid: printable(request.uid, 64),
    namespace: printable(request.namespace, 63),
    kind: printable(
      `${kind.kind}${subResource === '' ? '' : `/${subResource}`}`,
      MAX_LENGTH,
    ),
    name: printable(request.name, 253),
    operation: request.operation,
    user: printable(request.userInfo.username, MAX_LENGTH),
    dryRun: request.dryRun,
  }
}

function exemptText({ use, pattern }: ExemptImage): string {
  return `${printable(use.image, MAX_LENGTH)} (${printable(pattern, MAX_LENGTH)})`
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}

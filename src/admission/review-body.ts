import type { Decision } from '../policy/decision.ts'
import type { AdmissionRequest } from '../workload/admission-request.ts'
import type { Passed } from '../workload/judge-request.ts'
import {
  type AdmissionResponse,
  type AdmissionReviewBody,
  reviewBody,
} from './admission-response.ts'
import { auditAnnotations } from './audit-annotations.ts'
import { denialMessage } from './message.ts'
import { boundedLines, warningLines } from './warnings.ts'

/** The answer that a decision makes; `notes` are told as warnings before its findings. */
export function decisionBody(
  request: AdmissionRequest,
  decision: Decision,
  notes: readonly string[],
): AdmissionReviewBody {
  const denied = decision.action === 'deny'
  return reviewBody({
    uid: request.uid,
    allowed: !denied,
    ...(denied ? { status: denialStatus(decision) } : {}),
    warnings: warningLines(decision, notes),
    auditAnnotations: auditAnnotations(decision),
  })
}

/** The message starts on a line of its own, below the API server's `admission webhook "..." denied the request:`. */
function denialStatus(decision: Decision): NonNullable<AdmissionResponse['status']> {
  return { code: 403, reason: 'Forbidden', message: `\n${denialMessage(decision)}` }
}

/** The answer to a request whose images need no look. Only an object that cannot be read is worth a warning. */
export function passedBody(
  request: AdmissionRequest,
  passed: Passed,
): AdmissionReviewBody {
  if (passed.reason === 'malformed-object')
    return unjudgedBody(request, `Pullgate let this through: ${passed.detail}`)
  return reviewBody({ uid: request.uid, allowed: true })
}

/** Let through, saying in a warning why nothing was judged. */
export function unjudgedBody(
  request: AdmissionRequest,
  warning: string,
): AdmissionReviewBody {
  return reviewBody({
    uid: request.uid,
    allowed: true,
    warnings: boundedLines([warning]),
    auditAnnotations: { decision: 'allow', unjudged: 'true' },
  })
}

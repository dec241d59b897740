import type { Configuration } from '../configuration/configuration.ts'
import { boundedImages } from '../policy/bounded-images.ts'
import { decide, denies, letThrough } from '../policy/decide.ts'
import type { Decision } from '../policy/decision.ts'
import { type ExemptImage, withoutExemptImages } from '../policy/exempt-images.ts'
import { exemptionFor } from '../policy/exemption.ts'
import { type EffectiveMode, effectiveMode } from '../policy/mode.ts'
import type { ClusterFacts, Fact, NamespaceFacts } from '../prediction/cluster-facts.ts'
import type { ImagePrediction } from '../prediction/prediction.ts'
import type { PredictionRequest, Predictor } from '../prediction/predictor.ts'
import { startDeadline } from '../time/deadline.ts'
import { valueWithin } from '../time/value-within.ts'
import {
  type AdmissionRequest,
  readAdmissionReview,
} from '../workload/admission-request.ts'
import { judgeRequest, type ToJudge } from '../workload/judge-request.ts'
import type { AdmissionReviewBody } from './admission-response.ts'
import type { ReviewOutcome, ReviewTiming } from './app.ts'
import { logDecision, logPass, requestFields } from './decision-log.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { reviewBudget } from './review-budget.ts'
import { unverified } from './unverified.ts'
import { decisionBody, passedBody, unjudgedBody } from './review-body.ts'

export interface ReviewerOptions {
  /** Asked once per review: it is re-read while running. */
  configuration: () => Configuration
  predictor: Predictor
  cluster: Pick<ClusterFacts, 'namespace'>
  /** The namespace of this release, which is never judged; null when it is not known. */
  ownNamespace: string | null
  metrics: Pick<Metrics, 'decided' | 'passed'>
  log: Log
  /** Milliseconds, from any origin; only differences are used. */
  now: () => number
}

export type Reviewer = (body: unknown, timing: ReviewTiming) => Promise<ReviewOutcome>

/** The most that the namespace's mode may take of the time for look-ups. */
const NAMESPACE_SHARE = 0.25

/**
 * The straight line from an AdmissionReview to its answer. Never rejects, and answers in time whatever it depends on does:
 * what is not known by then is Unverified. A fault of our own lets the request through, with a warning that says so.
 */
export function createReviewer(options: ReviewerOptions): Reviewer {
  let underWay = 0
  return async (body, timing) => {
    const startedMs = options.now() - timing.elapsedMs
    const read = readAdmissionReview(body)
    if (read.status === 'invalid') return read
    const { request } = read
    const others = underWay++
    try {
      return reviewed(await answer(options, request, { ...timing, others }, startedMs))
    } catch (error) {
      options.log.error({ ...requestFields(request), err: error }, 'judging failed')
      options.metrics.passed('internal-error')
      return reviewed(unjudgedBody(request, INTERNAL_ERROR))
    } finally {
      underWay--
    }
  }
}

interface Timing extends ReviewTiming {
  /** Reviews under way when this one came. */
  others: number
}

const INTERNAL_ERROR =
  'Pullgate could not judge the images because of an error of its own, and let this through; its log has the details.'

async function answer(
  options: ReviewerOptions,
  request: AdmissionRequest,
  timing: Timing,
  startedMs: number,
): Promise<AdmissionReviewBody> {
  const { log, metrics, now } = options
  const configuration = options.configuration()
  const judgement = judgeRequest(request, configuration.customResources, options)
  if (!judgement.judge) {
    metrics.passed(judgement.reason)
    logPass(log, request, judgement, now() - startedMs)
    return passedBody(request, judgement)
  }
  const { decision, notes, exemptImages } = await judge(options, {
    request,
    judgement,
    configuration,
    timing,
  })
  const durationMs = now() - startedMs
  const { namespace, operation } = request
  metrics.decided({ decision, namespace, operation, durationMs })
  logDecision(log, request, { decision, exemptImages, durationMs })
  return decisionBody(request, decision, notes)
}

interface JudgeInput {
  request: AdmissionRequest
  judgement: ToJudge
  configuration: Configuration
  timing: Timing
}

interface Judged {
  decision: Decision
  /** What is odd about labels and annotations, for warnings. */
  notes: string[]
  /** Let through without a look-up because of exempt.images. */
  exemptImages: ExemptImage[]
}

async function judge(options: ReviewerOptions, input: JudgeInput): Promise<Judged> {
  const { request, judgement, configuration } = input
  const { workload, ceilings } = judgement
  const { lookUpsMs, answerMs } = reviewBudget({
    deadlineMs: configuration.deadlineMs,
    apiTimeoutMs: input.timing.timeoutMs,
    elapsedMs: input.timing.elapsedMs,
    others: input.timing.others,
  })
  const startedMs = options.now()
  const lookUps = startDeadline(lookUpsMs)
  const { signal } = lookUps
  try {
    const { mode, problem } = await modeOf(options, request, configuration, {
      ms: lookUpsMs * NAMESPACE_SHARE,
      signal,
    })
    const { exemption, problems } = exemptionFor({
      workload,
      namespace: request.namespace,
      username: request.userInfo.username,
      mode,
      settings: configuration,
    })
    const notes = problem === null ? problems : [problem, ...problems]
    if (exemption !== null)
      return { decision: letThrough(mode, exemption), notes, exemptImages: [] }
    const { judged, exempt, note } = imagesToJudge(judgement, configuration)
    const object = { workload, mode, settings: configuration, ceilings }
    const predictions = await valueWithin(
      answerMs - (options.now() - startedMs),
      predictAll(options.predictor, {
        workload,
        images: judged,
        signal,
        denies: (finding) => denies(finding, object),
      }),
      () => judged.map(unverified),
    )
    return {
      decision: decide({ predictions, ...object }),
      notes: note === null ? notes : [...notes, note],
      exemptImages: exempt,
    }
  } finally {
    lookUps.clear()
  }
}

function imagesToJudge({ images }: ToJudge, configuration: Configuration) {
  const { judged, exempt } = withoutExemptImages(images, configuration.exempt.images)
  return { exempt, ...boundedImages(judged, configuration) }
}

async function predictAll(
  predictor: Predictor,
  request: PredictionRequest,
): Promise<ImagePrediction[]> {
  return request.images.length === 0 ? [] : predictor.predict(request)
}

/** A namespace that cannot be read in time has the configured mode. */
async function modeOf(
  options: ReviewerOptions,
  { namespace }: AdmissionRequest,
  { mode }: Configuration,
  { ms, signal }: { ms: number; signal: AbortSignal },
): Promise<EffectiveMode> {
  if (namespace === '') return effectiveMode(mode, {})
  const fact = await valueWithin<Fact<NamespaceFacts>, Fact<NamespaceFacts>>(
    ms,
    options.cluster.namespace(namespace, { fresh: false, signal }),
    () => ({ status: 'unknown', reason: 'it took too long' }),
  )
  return effectiveMode(mode, fact.status === 'known' ? fact.value.labels : {})
}

function reviewed(body: AdmissionReviewBody): ReviewOutcome {
  return { status: 'reviewed', body }
}

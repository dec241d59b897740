import type { ImageUse, Workload } from '../workload/workload.ts'
import type { Finding } from './finding.ts'
import type { ImagePrediction } from './prediction.ts'

export interface PredictionRequest {
  workload: Workload
  /** The images of the workload to judge, a subset of workload.images. */
  images: ImageUse[]
  /** When it fires, what is known is answered at once and the rest is Unverified. */
  signal: AbortSignal
  /**
   * Whether a certain finding denies the object, which is then answered before what the finding rests on is too old, whatever its other
   * images wait for. Absent where nothing is denied, as in a report: all are waited for.
   */
  denies?: (finding: Finding) => boolean
}

/** Puts reference, credentials and registry together. Answers in the order of `images` and never rejects. */
export interface Predictor {
  predict(request: PredictionRequest): Promise<ImagePrediction[]>
}

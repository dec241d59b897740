import type { ImageUse, Workload } from '../workload/workload.ts'
import type { ImagePrediction } from './prediction.ts'

export interface PredictionRequest {
  workload: Workload
  /** The images of the workload to judge, a subset of workload.images. */
  images: ImageUse[]
  /** When it fires, what is known is answered at once and the rest is Unverified. */
  signal: AbortSignal
}

/** Puts reference, credentials and registry together. Answers in the order of `images` and never rejects. */
export interface Predictor {
  predict(request: PredictionRequest): Promise<ImagePrediction[]>
}

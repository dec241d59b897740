import type { ImagePrediction } from './prediction.ts'
import type { PredictionRequest, Predictor } from './predictor.ts'

/**
 * The predictions for one object alone that do not depend on which of its images was answered first: where one is provisional, they
 * are made again, mostly from memory.
 */
export async function predictSettled(
  predictor: Predictor,
  request: PredictionRequest,
): Promise<ImagePrediction[]> {
  const predictions = await predictor.predict(request)
  return predictions.some(({ provisional }) => provisional)
    ? predictor.predict(request)
    : predictions
}

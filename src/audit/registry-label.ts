import type { ImagePrediction } from '../prediction/prediction.ts'

/** Where an image belongs whose name is not valid, and one that something in the cluster names later. */
export const NOT_A_NAME = '(not a valid name)'
export const FILLED_IN_LATER = '(filled in later)'

/** The registry of an image as reports call it, or why it has none. */
export function registryLabel({ reference, filledInLater }: ImagePrediction): string {
  if (filledInLater) return FILLED_IN_LATER
  return reference?.registry ?? NOT_A_NAME
}

import type { ImagePrediction } from '../prediction/prediction.ts'
import { parseOrNull } from '../reference/parse-reference.ts'
import type { ImageUse } from '../workload/workload.ts'

/** What is said of an image when the look-ups did not even answer with what they know at their deadline. */
export function unverified(use: ImageUse): ImagePrediction {
  return {
    use,
    reference: parseOrNull(use.image),
    digest: null,
    findings: [
      {
        cause: 'Unverified',
        certainty: 'uncertain',
        message: 'Looking this image up took longer than the API server waits.',
        advice: null,
        doubts: ['It may well be pulled.'],
      },
    ],
    attempts: [],
  }
}

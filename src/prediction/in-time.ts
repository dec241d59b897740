import { printable } from '../text/printable.ts'
import type { ImageUse } from '../workload/workload.ts'
import type { Finding } from './finding.ts'
import type { ImagePrediction } from './prediction.ts'

const GRACE_MS = 20

/** What is not known when the signal fires is Unverified, and a fault of ours is never a verdict. */
export async function inTime(
  use: ImageUse,
  signal: AbortSignal,
  onFault: (error: unknown) => void,
  judge: () => Promise<ImagePrediction>,
): Promise<ImagePrediction> {
  const name = printable(use.image, 200)
  const late = unverified(use, `${name} could not be looked up in time.`)
  if (signal.aborted) return late
  const { promise: deadline, resolve } = Promise.withResolvers<ImagePrediction>()
  // A moment of grace: look-ups end with the same signal and know more than "too late".
  const giveUp = (): void => void setTimeout(() => resolve(late), GRACE_MS)
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([judge(), deadline])
  } catch (error) {
    onFault(error)
    return unverified(use, `${name} could not be judged because of an internal error.`)
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

function unverified(use: ImageUse, message: string): ImagePrediction {
  const finding: Finding = {
    cause: 'Unverified',
    certainty: 'uncertain',
    message,
    advice: null,
    doubts: [],
  }
  return { use, reference: null, digest: null, findings: [finding], attempts: [] }
}

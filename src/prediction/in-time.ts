import { contactedOrNull } from '../reference/contacted-reference.ts'
import { printable } from '../text/printable.ts'
import type { ImageUse } from '../workload/workload.ts'
import type { Finding } from './finding.ts'
import type { ImagePrediction } from './prediction.ts'

const GRACE_MS = 20

const LATE = Symbol('late')

/** When the time of all images of one object is over. */
export interface Lateness {
  isOver: boolean
  /** Resolves a moment after the signal; never before. */
  over: Promise<typeof LATE>
  /** Lets go of the signal, which may live longer than this object's images. */
  clear: () => void
}

/** One wait for all images of an object: a listener for each would cost more than many an answer. */
export function startLateness(signal: AbortSignal): Lateness {
  const { promise: over, resolve } = Promise.withResolvers<typeof LATE>()
  // A moment of grace: look-ups end with the same signal and know more than "too late".
  const giveUp = (): void => void setTimeout(() => resolve(LATE), GRACE_MS)
  signal.addEventListener('abort', giveUp, { once: true })
  const clear = (): void => signal.removeEventListener('abort', giveUp)
  return { isOver: signal.aborted, over, clear }
}

/** What is not known when the time is over is Unverified, and a fault of ours is never a verdict. */
export async function inTime(
  use: ImageUse,
  { isOver, over }: Lateness,
  onFault: (error: unknown) => void,
  judge: () => Promise<ImagePrediction>,
): Promise<ImagePrediction> {
  if (isOver) return late(use)
  try {
    const first = await Promise.race([judge(), over])
    return first === LATE ? late(use) : first
  } catch (error) {
    onFault(error)
    const name = nameOf(use)
    return unverified(use, `${name} could not be judged because of an internal error.`)
  }
}

function late(use: ImageUse): ImagePrediction {
  return unverified(use, `${nameOf(use)} could not be looked up in time.`)
}

function nameOf({ image }: ImageUse): string {
  return printable(image, 200)
}

function unverified(use: ImageUse, message: string): ImagePrediction {
  const finding: Finding = {
    cause: 'Unverified',
    certainty: 'uncertain',
    message,
    advice: null,
    doubts: [],
  }
  const reference = contactedOrNull(use.image)
  return { use, reference, digest: null, findings: [finding], attempts: [] }
}

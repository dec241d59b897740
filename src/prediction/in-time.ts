import { contactedOrNull } from '../reference/contacted-reference.ts'
import { printable } from '../text/printable.ts'
import type { ImageUse } from '../workload/workload.ts'
import type { Finding } from './finding.ts'
import type { ImagePrediction } from './prediction.ts'

const GRACE_MS = 20
const NOT_NEEDED = new DOMException('another image is certain to fail', 'AbortError')

/** Why an image is not waited for any longer: the time is over, or another image of the object is certain to fail. */
type End = 'late' | 'refused'

/** When the time of all images of one object is over. */
export interface Lateness {
  isOver: boolean
  /** What the work of all images listens to: the given one, which also ends what nobody waits for any more after a refusal. */
  signal: AbortSignal
  /** Resolves a moment after the signal, or when a refusal does not wait any longer; never before. */
  over: Promise<End>
  /** The object is refused: what is not known at that time of `now` is not waited for. */
  refusedBy: (atMs: number) => void
  /** Lets go of the signal, which may live longer than this object's images. */
  clear: () => void
}

/** One wait for all images of an object: a listener for each would cost more than many an answer. */
export function startLateness(signal: AbortSignal, now: () => number): Lateness {
  const { promise: over, resolve } = Promise.withResolvers<End>()
  const work = new AbortController()
  let refusal: { timer: NodeJS.Timeout; atMs: number } | null = null
  const giveUp = (): void => {
    work.abort(signal.reason)
    // A moment of grace: look-ups end with the same signal and know more than "too late".
    setTimeout(() => resolve('late'), GRACE_MS)
  }
  const end = (): void => {
    resolve('refused')
    work.abort(NOT_NEEDED)
  }
  signal.addEventListener('abort', giveUp, { once: true })
  return {
    isOver: signal.aborted,
    signal: work.signal,
    over,
    refusedBy(atMs) {
      if (refusal !== null) {
        if (refusal.atMs <= atMs) return
        clearTimeout(refusal.timer)
      }
      refusal = { atMs, timer: setTimeout(end, Math.max(0, atMs - now())) }
    },
    clear() {
      signal.removeEventListener('abort', giveUp)
      if (refusal !== null) clearTimeout(refusal.timer)
    },
  }
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
    if (typeof first !== 'string') return first
    return first === 'late' ? late(use) : overtaken(use)
  } catch (error) {
    onFault(error)
    const name = nameOf(use)
    return unverified(use, `${name} could not be judged because of an internal error.`)
  }
}

function late(use: ImageUse): ImagePrediction {
  return unverified(use, `${nameOf(use)} could not be looked up in time.`)
}

function overtaken(use: ImageUse): ImagePrediction {
  const why = 'was not waited for any longer, since another image was certain to fail.'
  return unverified(use, `${nameOf(use)} ${why}`)
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

import { createNamedReferences } from '../reference/named-references.ts'
import type { ImageUse, Workload } from '../workload/workload.ts'
import { startDeadline } from '../time/deadline.ts'
import { causes } from './causes.ts'
import type { Aspect } from './causes.ts'
import { inTime, startLateness } from './in-time.ts'
import { judgeWithDoubts } from './judge-with-doubts.ts'
import { contextOf, roundOf } from './judging-round.ts'
import type { Context, PredictorOptions, Round } from './judging-round.ts'
import { freshly } from './lookups/lookup-cache.ts'
import type { ImagePrediction } from './prediction.ts'
import type { Predictor } from './predictor.ts'
import type { PullCredentials } from './pull-secrets/pull-credentials.ts'
import { resolvePullCredentials } from './pull-secrets/resolve-pull-credentials.ts'
import { once } from './once.ts'

/** Reference, credentials, registry and cluster put together. */
export function createPredictor(options: PredictorOptions): Predictor {
  const given = { ...options, named: createNamedReferences() }
  return {
    async predict({ workload, images, signal }) {
      // When the oldest of what the second look rests on was asked for.
      let restsOnMs = Infinity
      const restOn = (askedAtMs: number): void => {
        restsOnMs = Math.min(restsOnMs, askedAtMs)
      }
      const roundWith = (isFresh: boolean): (() => Promise<Round>) =>
        once(async () => {
          if (isFresh) restOn(options.now())
          const context = contextOf(workload, signal, given, isFresh)
          const credentials = await readPullCredentials(context, workload, isFresh)
          const { lookups } = options
          return roundOf(
            context,
            workload,
            credentials,
            isFresh ? freshly(lookups, restOn) : lookups,
          )
        })
      const [round, freshRound] = [roundWith(false), roundWith(true)]
      const deadline = startLateness(signal)
      try {
        return await Promise.all(
          eachDistinct(images, (use) =>
            inTime(use, deadline, options.onFault, async () => {
              const first = await judgeWithDoubts(use, await round())
              if (!restsOnReading(first)) return first
              // A denial has just read the Secrets and Nodes it rests on, and no answer of a registry is older than a not-found would be.
              const second = await judgeWithDoubts(use, await freshRound())
              const { refusalWithinMs, now } = options
              if (refusalWithinMs !== null && restsOnReading(second))
                // Nor does it become older while another image hangs.
                deadline.refusedWithin(restsOnMs + refusalWithinMs - now())
              return second
            }),
          ),
        )
      } finally {
        deadline.clear()
      }
    },
  }
}

async function readPullCredentials(
  { facts, settings, pullSecretsMs, signal }: Context,
  workload: Workload,
  fresh: boolean,
): Promise<PullCredentials> {
  const resolved = (until: AbortSignal): Promise<PullCredentials> =>
    resolvePullCredentials(workload, {
      facts,
      mode: settings.secrets,
      read: { fresh, signal: until },
      readLater: { fresh, signal },
    })
  if (pullSecretsMs === null) return resolved(signal)
  const share = startDeadline(pullSecretsMs, signal)
  try {
    return await resolved(share.signal)
  } finally {
    share.clear()
  }
}

/** Containers with one image and one pull policy have one prediction: what it asks and suggests is asked for once. */
function eachDistinct(
  images: readonly ImageUse[],
  judge: (use: ImageUse) => Promise<ImagePrediction>,
): Promise<ImagePrediction>[] {
  const judged = new Map<string, Promise<ImagePrediction>>()
  return images.map(async (use) => {
    const key = `${use.role} ${use.pullPolicy} ${use.image}`
    const same = judged.get(key) ?? judge(use)
    judged.set(key, same)
    return { ...(await same), use }
  })
}

/** What a finding is about that may be another by now: a Secret, an account, Nodes, what a registry has under a name. */
const CHANGING: ReadonlySet<Aspect> = new Set([
  'secret',
  'credential',
  'existence',
  'platform',
  'content',
])

/** Whether a certain finding depends on what was read or remembered some time ago. */
function restsOnReading({ findings }: ImagePrediction): boolean {
  return findings.some(
    ({ cause, certainty }) =>
      certainty === 'certain' && CHANGING.has(causes[cause].aspect),
  )
}

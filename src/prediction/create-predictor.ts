import { createNamedReferences } from '../reference/named-references.ts'
import type { ImageUse, Workload } from '../workload/workload.ts'
import { MAX_REFUSAL_AGE_MS } from '../registry/refusal-age.ts'
import { startDeadline } from '../time/deadline.ts'
import { causes } from './causes.ts'
import type { Aspect } from './causes.ts'
import { inTime, startLateness } from './in-time.ts'
import { judgeWithDoubts } from './judge-with-doubts.ts'
import { contextOf, roundOf } from './judging-round.ts'
import type { Context, PredictorOptions, Round } from './judging-round.ts'
import type { Finding } from './finding.ts'
import { freshly } from './lookups/lookup-cache.ts'
import type { CachedLookup } from './lookups/lookup-cache.ts'
import type { ImagePrediction } from './prediction.ts'
import type { Predictor } from './predictor.ts'
import type { PullCredentials } from './pull-secrets/pull-credentials.ts'
import { resolvePullCredentials } from './pull-secrets/resolve-pull-credentials.ts'
import { once } from './once.ts'

/** Reference, credentials, registry and cluster put together. */
export function createPredictor(options: PredictorOptions): Predictor {
  const given = { ...options, named: createNamedReferences() }
  return {
    async predict({ workload, images, signal, denies }) {
      const { now, lookups } = options
      const deadline = startLateness(signal, now)
      const roundWith = async (
        isFresh: boolean,
        remembered: CachedLookup,
      ): Promise<Round> => {
        const context = contextOf(workload, deadline.signal, given, {
          fresh: isFresh,
          // A report is of a while; a denial is of this moment.
          isHurried: denies !== undefined,
        })
        const [credentials] = await Promise.all([
          readPullCredentials(context, workload, isFresh),
          isFresh ? context.view.nodes() : null,
        ])
        return roundOf(context, workload, credentials, remembered)
      }
      const round = once(() => roundWith(false, lookups))
      let second: SecondLook | null = null
      /** One for all images that come in time: what it has just read is soon no longer just read. */
      const secondLook = (): SecondLook => {
        if (second !== null && now() - second.sinceMs <= MAX_REFUSAL_AGE_MS) return second
        const look: SecondLook = {
          sinceMs: now(),
          round: once(() => roundWith(true, freshly(lookups, restOn))),
        }
        const restOn = (askedAtMs: number): void => {
          look.sinceMs = Math.min(look.sinceMs, askedAtMs)
        }
        second = look
        return look
      }
      const judge = async (use: ImageUse): Promise<ImagePrediction> => {
        const first = await judgeWithDoubts(use, await round())
        if (!restsOnReading(first)) return first
        // A denial has just read the Secrets and Nodes it rests on, and no answer of a registry is older than a not-found would be.
        const look = secondLook()
        const again = await judgeWithDoubts(use, await look.round())
        // Nor does it become older while another image hangs.
        if (
          denies !== undefined &&
          again.findings.some((each) => isReading(each) && denies(each))
        )
          deadline.refusedBy(look.sinceMs + MAX_REFUSAL_AGE_MS)
        return again
      }
      try {
        return await Promise.all(
          eachDistinct(images, (use) =>
            inTime(use, deadline, options.onFault, () => judge(use)),
          ),
        )
      } finally {
        deadline.clear()
      }
    },
  }
}

/** Everything read anew, for images that would be refused. */
interface SecondLook {
  /** When the oldest of what it rests on was asked for, in milliseconds of the monotonic clock. */
  sinceMs: number
  round: () => Promise<Round>
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

/** Whether something certain depends on what was read or remembered some time ago. */
function restsOnReading({ findings }: ImagePrediction): boolean {
  return findings.some(isReading)
}

function isReading({ cause, certainty }: Finding): boolean {
  return certainty === 'certain' && CHANGING.has(causes[cause].aspect)
}

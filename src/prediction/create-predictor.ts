import { createNamedReferences } from '../reference/named-references.ts'
import type { ImageUse, Workload } from '../workload/workload.ts'
import { startDeadline } from '../time/deadline.ts'
import { causes } from './causes.ts'
import type { Aspect } from './causes.ts'
import type { Finding } from './finding.ts'
import { inTime, startLateness } from './in-time.ts'
import { judgeWithDoubts } from './judge-with-doubts.ts'
import { contextOf, roundOf } from './judging-round.ts'
import type { Context, PredictorOptions } from './judging-round.ts'
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
      const context = contextOf(workload, signal, given, false)
      // A platform is denied by the nodes of now: one may just have come.
      const lately = once(async () => contextOf(workload, signal, given, true))
      const credentials = (isFresh: boolean): (() => Promise<PullCredentials>) =>
        once(() => readPullCredentials(context, workload, isFresh))
      const freshCredentials = credentials(true)
      const fresh = freshly(options.lookups)
      const round = once(async () =>
        roundOf(context, workload, await credentials(false)(), options.lookups),
      )
      const freshRound = once(async () =>
        roundOf(context, workload, await freshCredentials(), fresh),
      )
      const lateRound = once(async () =>
        roundOf(await lately(), workload, await freshCredentials(), fresh),
      )
      const deadline = startLateness(signal)
      try {
        return await Promise.all(
          eachDistinct(images, (use) =>
            inTime(use, deadline, options.onFault, async () => {
              const first = await judgeWithDoubts(use, await round())
              const isAboutContent = restsOnContent(first)
              if (!isAboutContent && !restsOnAccess(first)) return first
              // A denial has just read the Secrets it rests on, and what it rests on was found as lately as a not-found would be.
              return judgeWithDoubts(
                use,
                await (isAboutContent ? lateRound() : freshRound()),
              )
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

/**
 * Whether a certain finding depends on what a Secret held, a service account listed, or a registry thought of a credential some
 * time ago.
 */
function restsOnAccess({ findings }: ImagePrediction): boolean {
  return hasCertain(findings, ['secret', 'credential', 'existence'])
}

/** Whether a certain finding depends on what was found under a name that may have moved since it was remembered. */
function restsOnContent({ findings }: ImagePrediction): boolean {
  return hasCertain(findings, ['platform', 'content'])
}

function hasCertain(findings: readonly Finding[], about: readonly Aspect[]): boolean {
  return findings.some(
    ({ cause, certainty }) =>
      certainty === 'certain' && about.includes(causes[cause].aspect),
  )
}

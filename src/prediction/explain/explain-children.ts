import type { Credential } from '../../credentials/credential.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import { nameOf } from '../../reference/reference-name.ts'
import type { FoundManifest, PlatformEntry } from '../../registry/lookup.ts'
import { matchFallback, matchStrict } from '../../registry/platform-matcher.ts'
import type { Finding } from '../finding.ts'
import type { CachedLookup } from '../lookups/lookup-cache.ts'
import { doubtsOf } from '../nodes/platform-verdict.ts'
import type { WantedPlatforms } from '../nodes/wanted-platforms.ts'

export interface ChildrenOptions {
  reference: ImageReference
  credential: Credential | null
  wanted: WantedPlatforms
  lookups: CachedLookup
  signal: AbortSignal
}

/** Children that are asked for again before anything is said. */
const MAX_CONFIRMED = 4

/**
 * Catalogue row 67: entries of an index whose manifests are gone. An index may list more than a registry holds, so it is only certain
 * where every entry that serves a platform of the nodes is gone; where another one is left, it is doubtful: containerd 2.1 and later
 * fetch every entry of exactly that platform, older ones only the best. Since another host of the nodes may still have them, each is
 * asked for by its digest, the way a runtime fetches it.
 */
export async function explainChildren(
  image: string,
  found: FoundManifest,
  options: ChildrenOptions,
): Promise<Finding | null> {
  const { wanted } = options
  const entries = found.platforms ?? []
  if (found.missingChildren.length === 0 || entries.length === 0) return null
  const served = wanted.platforms.map(({ platform }) => ({
    platform,
    children: entries.filter((entry) => serves(entry, platform)),
  }))
  const broken = served.filter(
    ({ children }) =>
      children.length > 0 &&
      children.every(({ digest }) => found.missingChildren.includes(digest)),
  )
  const hurt = broken.length > 0 ? broken : partlyGone(served, found.missingChildren)
  const digests = [
    ...new Set(hurt.flatMap(({ children }) => children.map((each) => each.digest))),
  ]
  const [first] = digests
  if (first === undefined || digests.length > MAX_CONFIRMED) return null
  if (!(await allGone(digests, options))) return null
  const isWhole = served.every(
    (each) => each.children.length === 0 || broken.includes(each),
  )
  const doubts = isWhole
    ? await doubtsOf(
        entries.filter(({ digest }) => !found.missingChildren.includes(digest)),
        wanted,
      )
    : [
        broken.length > 0
          ? 'Other nodes find their image in the same index.'
          : 'Another entry of the index serves that platform, and runtimes differ in what they take.',
      ]
  return {
    cause: 'ManifestIncomplete',
    certainty: doubts.length === 0 ? 'certain' : 'uncertain',
    message: `${image} is an index whose image for ${hurt.map(({ platform }) => platform).join(', ')} is gone from the registry: ${first} is not found.`,
    advice: 'Push the image again for all its platforms; a clean-up may have deleted it.',
    doubts,
  }
}

interface ServedPlatform {
  platform: string
  children: PlatformEntry[]
}

/** The platforms of which an exact entry is gone although another one is left, with what is gone. */
function partlyGone(
  served: readonly ServedPlatform[],
  missing: readonly string[],
): ServedPlatform[] {
  return served
    .map(({ platform, children }) => ({
      platform,
      children: children.filter(
        (entry) =>
          missing.includes(entry.digest) &&
          (entry.os === null || matchStrict(entry, platform)),
      ),
    }))
    .filter(({ children }) => children.length > 0)
}

/** An entry without a platform serves whatever its config says. */
function serves(entry: PlatformEntry, platform: string): boolean {
  return entry.os === null || matchFallback(entry, platform)
}

async function allGone(
  digests: readonly string[],
  { reference, credential, lookups, signal }: ChildrenOptions,
): Promise<boolean> {
  const results = await Promise.all(
    digests.map((digest) =>
      lookups.lookup({ reference: childOf(reference, digest), credential, signal }),
    ),
  )
  return results.every(
    ({ outcome, evidence }) =>
      outcome === 'not-found' && (evidence.doubts ?? []).length === 0,
  )
}

function childOf(reference: ImageReference, digest: string): ImageReference {
  const pullReference = `${nameOf(reference)}@${digest}`
  return { ...reference, tag: null, effectiveTag: null, digest, pullReference }
}

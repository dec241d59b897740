import type { ImagePlatform } from '../../registry/image-platform.ts'
import type { FoundManifest, PlatformEntry } from '../../registry/lookup.ts'
import { matchFallback, matchStrict } from '../../registry/platform-matcher.ts'
import type { Finding } from '../finding.ts'
import {
  buildFor,
  consequence,
  describeAll,
  describeSome,
  keepOn,
} from './platform-words.ts'
import type { PlatformCount, WantedPlatforms } from './wanted-platforms.ts'
import { explainWindowsBuild } from './windows-build.ts'

/** Reads the platform out of the config of a manifest; null when it could not be had. */
export type ReadConfig = (digest: string) => Promise<ImagePlatform | null>

/** Children without a platform whose configs are read: such indexes are rare, and have one or two. */
const MAX_CONFIGS = 4

/**
 * What an index says about the wanted platforms (pull-semantics 5.1 and 5.3): none of them served fails everywhere, some of them
 * fails somewhere, and what only a fall-back serves depends on the version of containerd. null when there is nothing to say. An
 * index that was not read says nothing.
 */
export async function explainPlatforms(
  image: string,
  found: FoundManifest,
  wanted: WantedPlatforms,
  readConfig: ReadConfig,
): Promise<Finding | null> {
  if (found.kind !== 'index' || found.platforms === null) return null
  if (found.platforms.length === 0) return nothingRunnable(image)
  if (wanted.platforms.length === 0) return null
  const entries = await withConfigs(found.platforms, wanted, readConfig)
  const { served, fallback, missing } = sort(entries, wanted.platforms)
  const has = listPlatforms(entries)
  if (missing.length === wanted.platforms.length) {
    return mismatch(image, has, wanted, await doubtsOf(entries, wanted))
  }
  if (missing.length > 0) return partly(image, has, wanted, { served, missing })
  if (fallback.length > 0) return byFallback(image, has, wanted, fallback)
  return explainWindowsBuild(image, windowsVersions(entries, served), wanted)
}

/** containerd asks the config of an entry without a platform. It is only read where no other entry serves. */
async function withConfigs(
  entries: readonly PlatformEntry[],
  { platforms }: WantedPlatforms,
  readConfig: ReadConfig,
): Promise<PlatformEntry[]> {
  const bare = entries.filter(isUntold)
  const told = entries.filter((entry) => !isUntold(entry))
  const isServed = platforms.every(({ platform }) =>
    told.some((entry) => matchStrict(entry, platform)),
  )
  if (bare.length === 0 || bare.length > MAX_CONFIGS || isServed) return [...entries]
  const read = await Promise.all(
    bare.map(async (entry) => withConfig(entry, await readConfig(entry.digest))),
  )
  return [...told, ...read]
}

/** A config without a platform is taken for the node's own, and so is one that could not be read. */
function withConfig(entry: PlatformEntry, config: ImagePlatform | null): PlatformEntry {
  if (config === null || config.os === null || config.architecture === null) return entry
  const { os, architecture, variant, osVersion } = config
  return { ...entry, os, architecture, variant, osVersion }
}

interface Sorted {
  served: PlatformCount[]
  /** Only by what containerd before 2.1 falls back to, or by a variant that nodes do not tell. */
  fallback: PlatformCount[]
  missing: PlatformCount[]
}

function sort(
  entries: readonly PlatformEntry[],
  platforms: readonly PlatformCount[],
): Sorted {
  const by = (matches: typeof matchStrict) => (each: PlatformCount) =>
    entries.some((entry) => isUntold(entry) || matches(entry, each.platform))
  const served = platforms.filter(by(matchStrict))
  const fallback = platforms.filter(
    (each) => !served.includes(each) && by(matchFallback)(each),
  )
  const missing = platforms.filter(
    (each) => !served.includes(each) && !fallback.includes(each),
  )
  return { served, fallback, missing }
}

/** The descriptor has no platform, or half of one. */
function isUntold({ os, architecture }: PlatformEntry): boolean {
  return os === null || architecture === null
}

/** os.version of what Windows nodes would take. */
function windowsVersions(
  entries: readonly PlatformEntry[],
  served: readonly PlatformCount[],
): (string | null)[] {
  const windows = served.filter(({ platform }) => platform.startsWith('windows/'))
  return entries
    .filter(
      (entry) =>
        isUntold(entry) || windows.some(({ platform }) => matchStrict(entry, platform)),
    )
    .map(({ osVersion }) => osVersion)
}

/** The platforms that an index has, each once, as `os/architecture[/variant]`. */
export function platformNames(entries: readonly PlatformEntry[]): string[] {
  const names = entries
    .map(({ os, architecture, variant }) =>
      [os, architecture, variant].filter((part) => part !== null && part !== ''),
    )
    .filter((parts) => parts.length > 0)
    .map((parts) => parts.join('/'))
  return [...new Set(names)]
}

function listPlatforms(entries: readonly PlatformEntry[]): string {
  return platformNames(entries).slice(0, 8).join(', ')
}

/** Catalogue row 65: no node of any platform finds itself in it. */
function nothingRunnable(image: string): Finding {
  return {
    cause: 'PlatformMismatch',
    certainty: 'certain',
    message: `${image} is an index without any runnable image: it is empty, or holds only attestations.`,
    advice: 'Push the image again, with its manifests for the platforms of the nodes.',
    doubts: [],
  }
}

/** What may bring a node after all that finds itself in `entries`, as full sentences. */
export async function doubtsOf(
  entries: readonly PlatformEntry[],
  wanted: WantedPlatforms,
): Promise<string[]> {
  const doubts: string[] = []
  if (wanted.untold > 0)
    doubts.push(`${wanted.untold} eligible nodes do not tell their platform.`)
  const { served, fallback } = sort(entries, wanted.behindTaints)
  const [tainted] = [...served, ...fallback]
  if (tainted !== undefined)
    doubts.push(
      `There are ${tainted.platform} nodes behind taints, and tolerations may still be added.`,
    )
  const autoscaler = await wanted.autoscaler()
  return autoscaler === null ? doubts : [...doubts, autoscaler]
}

/** Catalogue row 61. */
function mismatch(
  image: string,
  has: string,
  wanted: WantedPlatforms,
  doubts: string[],
): Finding {
  return {
    cause: 'PlatformMismatch',
    certainty: doubts.length === 0 ? 'certain' : 'uncertain',
    message: `${image} has ${has}, and ${describeAll(wanted)}.`,
    advice: buildFor(wanted.platforms),
    doubts,
  }
}

/** Catalogue row 62. */
function partly(
  image: string,
  has: string,
  wanted: WantedPlatforms,
  { served, missing }: Pick<Sorted, 'served' | 'missing'>,
): Finding {
  const selector = served.length === 0 ? null : keepOn(served, missing)
  return {
    cause: 'PlatformPartlyServed',
    certainty: 'uncertain',
    message: `${describeSome(missing, wanted)}; ${image} has ${has} only.${consequence(wanted)}`,
    advice: selector ?? buildFor(missing),
    doubts: [],
  }
}

/** Catalogue row 63. */
function byFallback(
  image: string,
  has: string,
  wanted: WantedPlatforms,
  fallback: readonly PlatformCount[],
): Finding {
  return {
    cause: 'PlatformPartlyServed',
    certainty: 'uncertain',
    message: `${describeSome(fallback, wanted)}; ${image} has ${has} only, which is near that platform and not the same.`,
    advice: `Whether the nodes take it depends on the version of containerd (2.1 and later want the very platform) and on the variant of their processors. ${buildFor(fallback)}`,
    doubts: [],
  }
}

import type { Credential } from '../../credentials/credential.ts'
import type { ImageReference } from '../../reference/image-reference.ts'
import type { ImagePlatform, ImagePlatformReader } from '../../registry/image-platform.ts'
import type { FoundManifest } from '../../registry/lookup.ts'
import { matchFallback, normalizePlatform } from '../../registry/platform-matcher.ts'
import { printable } from '../../text/printable.ts'
import type { ImageUse } from '../../workload/workload.ts'
import type { Finding } from '../finding.ts'
import {
  buildFor,
  consequence,
  describeAll,
  describeSome,
  keepOn,
} from '../nodes/platform-words.ts'
import { isCommon } from '../nodes/wanted-platforms.ts'
import type { WantedPlatforms } from '../nodes/wanted-platforms.ts'
import { explainWindowsBuild } from '../nodes/windows-build.ts'

export interface ConfigOptions {
  use: ImageUse
  reference: ImageReference
  credential: Credential | null
  wanted: WantedPlatforms
  client: Partial<ImagePlatformReader>
  signal: AbortSignal
}

/** Media types of what a container runtime starts (OCI image spec, and Docker's schema 2). */
const IMAGE_CONFIGS: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
])

/** cosign's tags for signatures, attestations and SBOMs, and the usual homes of Helm charts. */
const ARTIFACT_TAG = /^sha256-[0-9a-f]{64}(?:\.[a-z]{2,12})?$/
const ARTIFACT_REPOSITORY = /(?:^|[/_-])(?:helm|charts?|helm-charts?)(?:$|[/_-])/

const ARCHITECTURE =
  /(?:^|[/._-])(amd64|x86[_-]64|arm64(?:v8)?|aarch64|arm32v[567]|arm(?:v[567]|hf)|ppc64le|s390x|riscv64|i386)(?=$|[/._-])/

/**
 * Catalogue rows 64 and 66: a single manifest is never platform-checked by a runtime, and neither is an artifact, so both pull and fail
 * later. One HEAD cannot show it, and a config costs two GETs, so it is only read where the nodes are not all linux/amd64, or where the
 * very name of the image speaks of it; once a digest, and never where GETs are counted. Never certain: neither is a failed pull.
 */
export async function explainConfig(
  image: string,
  found: FoundManifest,
  options: ConfigOptions,
): Promise<Finding | null> {
  const { use, reference, credential, wanted, client, signal } = options
  if (found.kind !== 'image' || found.digest === '' || use.role === 'volume') return null
  if (client.imagePlatform === undefined || !isWorthReading(reference, wanted))
    return null
  const request = { reference, credential, signal }
  const config = await client.imagePlatform(request, found.digest)
  if (config === null) return null
  const { configMediaType } = config
  if (configMediaType !== '' && !IMAGE_CONFIGS.has(configMediaType)) {
    return artifact(image, printable(configMediaType, 100))
  }
  return foreign(image, config, wanted)
}

function isWorthReading(reference: ImageReference, wanted: WantedPlatforms): boolean {
  const { tag, repository } = reference
  if (ARTIFACT_TAG.test(tag ?? '') || ARTIFACT_REPOSITORY.test(repository)) return true
  if (wanted.platforms.length === 0) return false
  if (!isCommon(wanted)) return true
  const named = ARCHITECTURE.exec(tag ?? '')?.[1] ?? ARCHITECTURE.exec(repository)?.[1]
  if (named === undefined) return false
  const architecture = architectureOf(named)
  return !wanted.platforms.some(({ platform }) => platform.split('/')[1] === architecture)
}

/** `x86_64` is amd64, `arm32v7` arm. */
function architectureOf(name: string): string {
  const plain = name.replace('x86-64', 'x86_64').replace(/^arm64v8$/, 'arm64')
  if (/^arm(?:32)?v[567]$|^armhf$/.test(plain)) return 'arm'
  return normalizePlatform('linux', plain, '').architecture
}

function artifact(image: string, type: string): Finding {
  return {
    cause: 'NotAContainerImage',
    certainty: 'uncertain',
    message: `${image} is an artifact (${type}), not a container image: it is pulled, and no container can be made of it.`,
    advice:
      'Name the image itself: this may be a Helm chart, a signature or an SBOM of it.',
    doubts: [],
  }
}

function foreign(
  image: string,
  config: ImagePlatform,
  wanted: WantedPlatforms,
): Finding | null {
  const { os, architecture, variant } = config
  if (os === null || architecture === null || wanted.platforms.length === 0) return null
  const entry = {
    digest: '',
    mediaType: '',
    os,
    architecture,
    variant,
    osVersion: null,
    osFeatures: [],
  }
  const good = wanted.platforms.filter(({ platform }) => matchFallback(entry, platform))
  const bad = wanted.platforms.filter((each) => !good.includes(each))
  if (bad.length === 0) return explainWindowsBuild(image, windowsVersion(config), wanted)
  const its = `${os}/${architecture}`
  const nodes =
    good.length === 0
      ? `${image} is ${its}, and ${describeAll(wanted)}: it is pulled, and then fails with "exec format error".`
      : `${describeSome(bad, wanted)}; ${image} is ${its} only: there it is pulled, and then fails with "exec format error".`
  const selector = good.length === 0 ? null : keepOn(good, bad)
  return {
    cause: 'WrongArchitecture',
    certainty: 'uncertain',
    message: `${nodes}${consequence(wanted)}`,
    advice: selector ?? buildFor(bad),
    doubts: [],
  }
}

function windowsVersion({ os, osVersion }: ImagePlatform): (string | null)[] {
  return os === 'windows' ? [osVersion] : []
}

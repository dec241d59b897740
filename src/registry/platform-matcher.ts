import type { PlatformEntry } from './lookup.ts'

interface Platform {
  os: string
  architecture: string
  variant: string
}

/**
 * Whether containerd 2.1 and later takes the entry on a node of `platform` (`os/architecture[/variant]`): equal os,
 * architecture and variant after normalisation (pull-semantics 5.1, strict). Entries without a platform are not matched
 * here, and required OS features (other than Windows') are not known to be there.
 */
export function matchStrict(entry: PlatformEntry, platform: string): boolean {
  const node = parsePlatform(platform)
  const image = platformOf(entry, node)
  if (image === null || isUnknown(entry)) return false
  if (entry.osFeatures.length > 0 && image.os !== 'windows') return false
  return isSame(image, node)
}

/**
 * Whether containerd's `platforms.Only` takes the entry (pull-semantics 5.1, only: linux/amd64 also runs 386, arm/v7 also
 * v6 and v5, arm64 also arm). Nodes do not tell their variant, so where `platform` has none, any arm or arm64 variant may match.
 */
export function matchFallback(entry: PlatformEntry, platform: string): boolean {
  const node = parsePlatform(platform)
  const image = platformOf(entry, node)
  if (image === null || isUnknown(entry) || image.os !== node.os) return false
  const variantIsTold = platform.split('/')[2] !== undefined
  return fallbacks(node, variantIsTold).some((candidate) => isSame(image, candidate))
}

/** containerd's normalisation: `x86_64` is amd64, `aarch64` arm64, arm without variant v7, amd64/v1 and arm64/v8 have no variant. */
export function normalizePlatform(
  os: string,
  architecture: string,
  variant: string,
): Platform {
  const name = os.toLowerCase()
  const [arch, given] = normalizeArchitecture(
    architecture.toLowerCase(),
    variant.toLowerCase(),
  )
  return { os: name === 'macos' ? 'darwin' : name, architecture: arch, variant: given }
}

function normalizeArchitecture(architecture: string, variant: string): [string, string] {
  switch (architecture) {
    case 'i386':
      return ['386', '']
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return ['amd64', variant === 'v1' ? '' : variant]
    case 'aarch64':
    case 'arm64':
      return ['arm64', normalizeArm64Variant(variant)]
    case 'armhf':
      return ['arm', 'v7']
    case 'armel':
      return ['arm', 'v6']
    case 'arm':
      return ['arm', normalizeArmVariant(variant)]
    default:
      return [architecture, variant]
  }
}

function normalizeArm64Variant(variant: string): string {
  if (variant === '8' || variant === 'v8' || variant === 'v8.0') return ''
  return variant === '9' || variant === 'v9.0' ? 'v9' : variant
}

function normalizeArmVariant(variant: string): string {
  if (variant === '' || variant === '7') return 'v7'
  return /^[568]$/.test(variant) ? `v${variant}` : variant
}

function parsePlatform(platform: string): Platform {
  const [os = '', architecture = '', variant = ''] = platform.split('/')
  return normalizePlatform(os, architecture, variant)
}

// An empty os stands for the host's (containerd's normalizeOS).
function platformOf(entry: PlatformEntry, node: Platform): Platform | null {
  if (entry.os === null || entry.architecture === null) return null
  return normalizePlatform(entry.os || node.os, entry.architecture, entry.variant ?? '')
}

function isUnknown(entry: PlatformEntry): boolean {
  return entry.os === 'unknown' || entry.architecture === 'unknown'
}

function isSame(left: Platform, right: Platform): boolean {
  return (
    left.os === right.os &&
    left.architecture === right.architecture &&
    left.variant === right.variant
  )
}

function fallbacks(node: Platform, variantIsTold: boolean): Platform[] {
  const { os, variant } = node
  const of = (architecture: string, variants: string[]): Platform[] =>
    variants.map((each) => ({ os, architecture, variant: each }))
  switch (node.architecture) {
    case 'amd64': {
      const level = Number(/^v(\d)$/.exec(variant)?.[1] ?? 1)
      const levels = ['v4', 'v3', 'v2'].filter((each) => Number(each[1]) <= level)
      return [...of('amd64', [...levels, '']), ...of('386', [''])]
    }
    case 'arm':
      return of('arm', armVariants(variantIsTold ? Number(variant.slice(1)) : 8))
    case 'arm64':
      return [
        ...of('arm64', arm64Variants(variant, variantIsTold)),
        ...of('arm', armVariants(8)),
      ]
    default:
      return [node]
  }
}

function armVariants(highest: number): string[] {
  return ['v8', 'v7', 'v6', 'v5'].filter((each) => Number(each.slice(1)) <= highest)
}

const ARM64_MINORS = Array.from({ length: 9 }, (_, index) => 9 - index)

function arm64Variants(variant: string, variantIsTold: boolean): string[] {
  const every = [
    ...ARM64_MINORS.map((minor) => `v9.${minor}`),
    'v9',
    ...ARM64_MINORS.map((minor) => `v8.${minor}`),
    '',
  ]
  if (!variantIsTold) return every
  return every.includes(variant) ? every.slice(every.indexOf(variant)) : [variant, '']
}

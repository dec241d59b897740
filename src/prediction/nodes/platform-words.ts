import type { PlatformCount, WantedPlatforms } from './wanted-platforms.ts'

/** `linux/arm64 (3), linux/amd64 (6)`; without numbers where there is one platform, or where nobody counted. */
export function listWanted(platforms: readonly PlatformCount[]): string {
  const counted = platforms.length > 1
  return platforms
    .slice(0, 8)
    .map(({ platform, nodes }) =>
      counted && nodes > 0 ? `${platform} (${nodes})` : platform,
    )
    .join(', ')
}

/** `every eligible node is linux/amd64`, or what the configuration says of them. */
export function describeAll({ platforms, source }: WantedPlatforms): string {
  const list = listWanted(platforms)
  if (source === 'configuration') return `the nodes are configured to be ${list}`
  return platforms.length === 1
    ? `every eligible node is ${list}`
    : `the eligible nodes are ${list}`
}

/** `3 of 9 eligible nodes are linux/arm64`. */
export function describeSome(
  some: readonly PlatformCount[],
  { source, eligible }: WantedPlatforms,
): string {
  if (source === 'configuration') {
    const names = some.map(({ platform }) => platform).join(', ')
    return `nodes are configured to be ${names}`
  }
  return some
    .slice(0, 8)
    .map(
      ({ platform, nodes }) => `${nodes} of ${eligible} eligible nodes are ${platform}`,
    )
    .join(', ')
}

/** The selector that keeps a Pod on `good` platforms and off `bad` ones; null when no label tells them apart. */
export function keepOn(
  good: readonly PlatformCount[],
  bad: readonly PlatformCount[],
): string | null {
  const parts = (
    [
      ['kubernetes.io/os', 0],
      ['kubernetes.io/arch', 1],
    ] as const
  ).flatMap(([label, part]) => {
    const values = new Set(good.map(({ platform }) => platform.split('/')[part] ?? ''))
    const separates = bad.some(
      ({ platform }) => !values.has(platform.split('/')[part] ?? ''),
    )
    if (!separates) return []
    return values.size === 1
      ? [`nodeSelector ${label}: ${[...values].join('')}`]
      : [`node affinity ${label} In (${[...values].join(', ')})`]
  })
  return parts.length === 0
    ? null
    : `Keep the Pod on nodes it can run on: ${parts.join(', ')}`
}

export function buildFor(platforms: readonly PlatformCount[]): string {
  const names = platforms.map(({ platform }) => platform)
  return `Build and push it for ${names.join(', ')}, for example: docker buildx build --platform ${names.join(',')} --push ...`
}

/** What is done where a DaemonSet cannot pick its nodes. */
export function consequence({ everyNode }: WantedPlatforms): string {
  return everyNode ? ' A DaemonSet puts a Pod on each of them.' : ''
}

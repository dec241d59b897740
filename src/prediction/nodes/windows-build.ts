import type { Finding } from '../finding.ts'
import { buildOf } from './wanted-platforms.ts'
import type { WantedPlatforms } from './wanted-platforms.ts'

/** Since Windows Server 2022 a host also runs containers of older builds, down to this one. */
const FIRST_STABLE_BUILD = 20_348

/**
 * Windows containers with process isolation need the build of their host (pull-semantics 5.3: os.version must equal the host's
 * build; since Windows Server 2022 newer hosts run 10.0.20348 too, hcsshim's CheckHostAndContainerCompat). Only ever a warning:
 * Hyper-V isolation runs older ones. `versions` are os.version of what the image has for Windows; null serves every build.
 */
export function explainWindowsBuild(
  image: string,
  versions: readonly (string | null)[],
  { windowsBuilds }: WantedPlatforms,
): Finding | null {
  const builds = versions.map((version) => (version === null ? null : buildOf(version)))
  if (builds.length === 0) return null
  const runs = (host: string): boolean =>
    builds.some((build) => build === null || isCompatible(host, build))
  const unlike = windowsBuilds.filter(({ build }) => !runs(build))
  if (unlike.length === 0) return null
  const alike = windowsBuilds.find((each) => !unlike.includes(each))
  const total = windowsBuilds.reduce((sum, { nodes }) => sum + nodes, 0)
  const counts = unlike
    .map(
      ({ build, nodes }) =>
        `${nodes} of ${total} eligible Windows nodes are build ${build}`,
    )
    .join(', ')
  const names = [...new Set(builds)].join(', ')
  return {
    cause: 'PlatformPartlyServed',
    certainty: 'uncertain',
    message: `${counts}; ${image} is for Windows ${names}: with process isolation a container starts on its own build alone.`,
    advice:
      alike === undefined
        ? `Use the image for the build of the nodes (${unlike.map(({ build }) => build).join(', ')}), which most publishers tag as ltsc2019, ltsc2022 or ltsc2025.`
        : `Keep the Pod on nodes it can run on: nodeSelector node.kubernetes.io/windows-build: ${alike.build}`,
    doubts: [],
  }
}

function isCompatible(host: string, image: string): boolean {
  if (host === image) return true
  const [hostBuild, imageBuild] = [host, image].map((each) => Number(each.split('.')[2]))
  if (hostBuild === undefined || imageBuild === undefined) return true
  return imageBuild >= FIRST_STABLE_BUILD && imageBuild <= hostBuild
}

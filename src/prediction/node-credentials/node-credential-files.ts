import { readCredentialProviderConfig } from '../../credentials/credential-provider-config.ts'
import type { CredentialProvider } from '../../credentials/credential-provider-config.ts'
import { createCredentialProviders } from '../../credentials/credential-provider.ts'
import type { CredentialProviders } from '../../credentials/credential-provider.ts'
import type { Keyring } from '../../credentials/keyring.ts'
import { readNodeConfig } from '../../credentials/node-config.ts'
import { parseUrlGlob, urlGlobMatches } from '../../credentials/url-glob.ts'
import { createTextFiles } from '../../registry/text-files.ts'
import type { TextFiles } from '../../registry/text-files.ts'
import { printable } from '../../text/printable.ts'
import type { NodeCredentialSources } from '../prediction-settings.ts'

export interface NodeCredentialFilesOptions {
  settings: NodeCredentialSources
  /** What plugins get to see, as the kubelet hands its own environment on. */
  env: Readonly<Record<string, string | undefined>>
  /** Monotonic clock in milliseconds. */
  now: () => number
  /** Told once of each file that cannot be used, in one line that quotes nothing of it. */
  onNotice: (notice: string) => void
}

/** `unset`: the operator named none. `unusable`: there is one, and what it holds stays unknown. */
export type FileState<T> =
  { status: 'unset' } | { status: 'unusable' } | { status: 'usable'; value: T }

export interface NodeProviders {
  run: CredentialProviders
  /** Names of the plugins whose matchImages fit an image (registry and repository). */
  namesFor: (image: string) => string[]
}

/** The files of the nodes that an operator hands us, read again when they change. Neither function rejects. */
export interface NodeCredentialFiles {
  /** Whether the operator named any. */
  areGiven: boolean
  dockerConfig: () => Promise<FileState<Keyring>>
  providers: () => Promise<FileState<NodeProviders>>
}

/** For one run of a plugin. The answer is kept for the next look-up when the one that asked did not wait. */
const PLUGIN_TIMEOUT_MS = 10_000

export function createNodeCredentialFiles(
  options: NodeCredentialFilesOptions,
): NodeCredentialFiles {
  const { settings, onNotice } = options
  const { dockerConfigFile, credentialProviderConfig, credentialProviderBinDir } =
    settings
  const files = createTextFiles()
  const providerConfig =
    credentialProviderBinDir === null ? null : credentialProviderConfig
  return {
    areGiven: dockerConfigFile !== null || providerConfig !== null,
    dockerConfig: followed(dockerConfigFile, { files, onNotice }, async (text, file) => {
      const reading = await readNodeConfig(file, async () => text)
      return reading.status === 'usable'
        ? { value: reading.keyring }
        : { problem: reading.problem }
    }),
    providers: followed(providerConfig, { files, onNotice }, async (text, file) => {
      const reading = readCredentialProviderConfig(text)
      if (reading.status === 'usable')
        return { value: startProviders(reading.providers, options) }
      const problems = reading.problems.slice(0, 3).join('; ')
      return { problem: `credential provider config ${printable(file)}: ${problems}` }
    }),
  }
}

function startProviders(
  providers: readonly CredentialProvider[],
  { settings, env, now }: NodeCredentialFilesOptions,
): NodeProviders {
  const environment = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  )
  return {
    run: createCredentialProviders({
      providers,
      binDir: settings.credentialProviderBinDir ?? '',
      environment,
      timeoutMs: PLUGIN_TIMEOUT_MS,
      now,
    }),
    namesFor(image) {
      const target = parseUrlGlob(image)
      if (target === null) return []
      return providers
        .filter(({ matchImages }) =>
          matchImages.some((glob) => urlGlobMatches(glob, target)),
        )
        .map(({ name }) => name)
    },
  }
}

type Parsed<T> = { value: T } | { problem: string }

/** Parses a file again when its text has changed, and tells of each new problem once. */
function followed<T>(
  file: string | null,
  { files, onNotice }: { files: TextFiles; onNotice: (notice: string) => void },
  parse: (text: string, file: string) => Promise<Parsed<T>>,
): () => Promise<FileState<T>> {
  if (file === null) return async () => ({ status: 'unset' })
  let seen: { text: string; state: Promise<FileState<T>> } | null = null
  let told: string | null = null

  function toState(parsed: Parsed<T>): FileState<T> {
    const problem = 'problem' in parsed ? parsed.problem : null
    if (problem !== null && problem !== told) onNotice(printable(problem))
    told = problem
    return 'value' in parsed
      ? { status: 'usable', value: parsed.value }
      : { status: 'unusable' }
  }

  return async () => {
    const read = await files.read(file)
    if (read.status !== 'read') {
      seen = null
      const reason = read.status === 'missing' ? 'does not exist' : read.reason
      return toState({
        problem: `node credentials: ${printable(file)} ${reason}`,
      })
    }
    if (seen?.text !== read.text) {
      seen = { text: read.text, state: parse(read.text, file).then(toState) }
    }
    return seen.state
  }
}

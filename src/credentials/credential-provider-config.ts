import { isFields, type Fields } from '../json/fields.ts'
import { printable } from '../text/printable.ts'
import { readDocuments } from '../yaml/read-documents.ts'
import { parseGoDuration } from '../time/go-duration.ts'
import { parseUrlGlob, type UrlGlob } from './url-glob.ts'

/** One entry of `providers` in the kubelet's CredentialProviderConfig. */
export interface CredentialProvider {
  /** Name of the executable in the kubelet's --image-credential-provider-bin-dir; never a path. */
  name: string
  /** Version of requests and answers, such as `credentialprovider.kubelet.k8s.io/v1`. */
  apiVersion: string
  matchImages: UrlGlob[]
  /** How long an answer without a duration of its own is kept; 0 is not at all. */
  defaultCacheDurationMs: number
  args: string[]
  env: Record<string, string>
  /** Has `tokenAttributes`: runs with a token of the Pod's service account, which only a kubelet can ask for. */
  needsServiceAccountToken: boolean
}

export type CredentialProviderConfigReading =
  | { status: 'usable'; providers: CredentialProvider[] }
  /** The kubelet would not start with it. Each problem names the field. */
  | { status: 'unusable'; problems: string[] }

const PROVIDER_GROUP = 'credentialprovider.kubelet.k8s.io'
const CONFIG_VERSION =
  /^(?:kubelet\.config|credentialprovider\.kubelet)\.k8s\.io\/v1(?:alpha1|beta1)?$/
const API_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((v) => `${PROVIDER_GROUP}/${v}`)
const MAX_BYTES = 1024 * 1024
const MAX_PROVIDERS = 100

type Report = (field: string, problem: string) => void

/**
 * Reads the file that nodes get with --image-credential-provider-config, YAML or JSON, and holds it to what the kubelet
 * demands. https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/
 */
export function readCredentialProviderConfig(
  text: string,
): CredentialProviderConfigReading {
  const problems: string[] = []
  const report: Report = (field, problem) => {
    problems.push(`${field}: ${problem}`)
  }
  const { documents, errors } = readDocuments(text, { maxBytes: MAX_BYTES })
  for (const { line, message } of errors) report(`line ${line}`, message)
  const [document, another] = documents
  if (another !== undefined) report('file', 'holds more than one document')
  const providers =
    errors.length > 0 ? [] : readConfig(asFields(document?.value) ?? {}, report)
  return problems.length > 0
    ? { status: 'unusable', problems: problems.map((problem) => printable(problem)) }
    : { status: 'usable', providers }
}

function readConfig(config: Fields, report: Report): CredentialProvider[] {
  if (config['kind'] !== 'CredentialProviderConfig')
    report('kind', 'must be CredentialProviderConfig')
  const { apiVersion, providers } = config
  if (typeof apiVersion !== 'string' || !CONFIG_VERSION.test(apiVersion))
    report('apiVersion', 'must be kubelet.config.k8s.io/v1')
  if (!Array.isArray(providers) || providers.length === 0) {
    report('providers', 'must hold at least one provider')
    return []
  }
  if (providers.length > MAX_PROVIDERS)
    report('providers', `holds more than ${MAX_PROVIDERS}`)
  const names = new Set<string>()
  return providers.slice(0, MAX_PROVIDERS).map((value: unknown, index) => {
    const provider = readProvider(value, `providers[${index}]`, report)
    if (names.has(provider.name)) report(`providers[${index}].name`, 'is there twice')
    names.add(provider.name)
    return provider
  })
}

function readProvider(value: unknown, at: string, report: Report): CredentialProvider {
  const fields = asFields(value) ?? {}
  const { name, apiVersion } = fields
  const goodName = typeof name === 'string' && isFileName(name)
  if (!goodName)
    report(`${at}.name`, 'must be the name of an executable, without "/" and spaces')
  const goodVersion = typeof apiVersion === 'string' && API_VERSIONS.includes(apiVersion)
  if (!goodVersion)
    report(`${at}.apiVersion`, `must be one of ${API_VERSIONS.join(', ')}`)
  return {
    name: goodName ? name : '',
    apiVersion: goodVersion ? apiVersion : '',
    matchImages: readGlobs(fields['matchImages'], `${at}.matchImages`, report),
    defaultCacheDurationMs: readDuration(fields, at, report),
    args: readArgs(fields['args'], `${at}.args`, report),
    env: readEnv(fields['env'], `${at}.env`, report),
    needsServiceAccountToken: (fields['tokenAttributes'] ?? null) !== null,
  }
}

/** The kubelet refuses `/`, blanks, `.` and `..`; we refuse what could be a separator or an end of text besides. */
function isFileName(name: string): boolean {
  return /^[^/\\\s\0]+$/.test(name) && name !== '.' && name !== '..'
}

function readGlobs(value: unknown, at: string, report: Report): UrlGlob[] {
  if (!Array.isArray(value) || value.length === 0) {
    report(at, 'must hold at least one pattern')
    return []
  }
  return value.flatMap((pattern: unknown, index) => {
    const glob = typeof pattern === 'string' ? parseUrlGlob(pattern) : null
    if (glob === null) report(`${at}[${index}]`, 'is not host[:port][/path]')
    return glob ?? []
  })
}

function readDuration(fields: Fields, at: string, report: Report): number {
  const value = fields['defaultCacheDuration']
  const durationMs = typeof value === 'string' ? parseGoDuration(value) : null
  if (durationMs !== null && durationMs >= 0) return durationMs
  report(`${at}.defaultCacheDuration`, 'must be a duration such as 12h')
  return 0
}

function readArgs(value: unknown, at: string, report: Report): string[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value) && value.every((arg) => typeof arg === 'string')) return value
  report(at, 'must be a list of strings')
  return []
}

function readEnv(value: unknown, at: string, report: Report): Record<string, string> {
  if (value === undefined || value === null) return {}
  const pairs = Array.isArray(value) ? value : [null]
  return Object.fromEntries(
    pairs.flatMap((item: unknown) => {
      const { name, value: text } = asFields(item) ?? {}
      if (typeof name === 'string' && typeof text === 'string') return [[name, text]]
      report(at, 'must be a list of name and value')
      return []
    }),
  )
}

function asFields(value: unknown): Fields | null {
  return isFields(value) ? value : null
}

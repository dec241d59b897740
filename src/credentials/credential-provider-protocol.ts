import { isFields, parseFields } from '../json/fields.ts'
import { parseGoDuration } from '../time/go-duration.ts'

export type CacheKeyType = 'Image' | 'Registry' | 'Global'

/** What a plugin answered on its standard output. */
export interface ProviderResponse {
  cacheKeyType: CacheKeyType
  /** null: the configuration's default counts. 0: not to be kept. */
  cacheDurationMs: number | null
  entries: { key: string; username: string; password: string }[]
}

const FIELDS = new Set(['apiVersion', 'kind', 'cacheKeyType', 'cacheDuration', 'auth'])
const MAX_ENTRIES = 1_000

/** What a plugin reads on its standard input. `image` is registry and repository, as the kubelet gives it. */
export function encodeProviderRequest(apiVersion: string, image: string): string {
  return JSON.stringify({ kind: 'CredentialProviderRequest', apiVersion, image })
}

/**
 * Decodes as strictly as the kubelet: the version that was asked for, no unknown field, no other type. null for anything
 * else; why is not told, because the output may hold credentials anywhere.
 */
export function decodeProviderResponse(
  output: string,
  apiVersion: string,
): ProviderResponse | null {
  const response = parseFields(output)
  if (response === null || !Object.keys(response).every((name) => FIELDS.has(name)))
    return null
  const { kind, cacheKeyType, cacheDuration } = response
  if (kind !== 'CredentialProviderResponse' || response['apiVersion'] !== apiVersion)
    return null
  if (!isCacheKeyType(cacheKeyType)) return null
  const entries = decodeAuth(response['auth'])
  if (entries === null) return null
  if (cacheDuration === undefined || cacheDuration === null)
    return { cacheKeyType, cacheDurationMs: null, entries }
  const cacheDurationMs =
    typeof cacheDuration === 'string' ? parseGoDuration(cacheDuration) : null
  return cacheDurationMs === null ? null : { cacheKeyType, cacheDurationMs, entries }
}

function decodeAuth(auth: unknown): ProviderResponse['entries'] | null {
  if (auth === undefined || auth === null) return []
  if (!isFields(auth) || Object.keys(auth).length > MAX_ENTRIES) return null
  const entries: ProviderResponse['entries'] = []
  for (const [key, value] of Object.entries(auth)) {
    if (!isFields(value)) return null
    const { username = '', password = '', ...unknown } = value
    if (typeof username !== 'string' || typeof password !== 'string') return null
    if (Object.keys(unknown).length > 0) return null
    entries.push({ key, username, password })
  }
  return entries
}

function isCacheKeyType(value: unknown): value is CacheKeyType {
  return value === 'Image' || value === 'Registry' || value === 'Global'
}

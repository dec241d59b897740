import { createBoundedCache, jsonBytes } from '../cache/bounded-cache.ts'
import type { TlsTrust } from './endpoint.ts'
import type { HostConfig } from './host-config.ts'
import type { RegistrySettings } from './registry-settings.ts'
import type { TextFiles } from './text-files.ts'
import { isClientPair, parseAuthorities } from './trust.ts'

export interface TrustReader {
  /**
   * Reads the files that hosts.toml and the configuration name for a host; what cannot be used is left out and told to `report`.
   * Never rejects.
   */
  read(
    host: Pick<HostConfig, 'caFiles' | 'clientPairs' | 'skipVerify'>,
    settings: RegistrySettings | null,
    report: (problem: string) => void,
  ): Promise<TlsTrust>
}

type ClientPair = Pick<TlsTrust, 'clientCert' | 'clientKey'>
type Report = (problem: string) => void

const noClient: ClientPair = { clientCert: null, clientKey: null }
const MAX_PARSED = 128
const MAX_PARSED_BYTES = 33_554_432

/** Parsed files are remembered by their text: parsing a bundle takes milliseconds. */
export function createTrustReader(files: TextFiles): TrustReader {
  const parsed = createBoundedCache<string[]>({
    maxEntries: MAX_PARSED,
    maxBytes: MAX_PARSED_BYTES,
    sizeOf: jsonBytes,
  })

  function authoritiesIn(text: string): string[] {
    const known = parsed.get(text)
    if (known !== undefined) return known
    const authorities = parseAuthorities(text)
    parsed.set(text, authorities)
    return authorities
  }

  async function readText(path: string, report: Report): Promise<string | null> {
    const file = await files.read(path)
    if (file.status === 'read') return file.text
    report(`${path}: ${file.status === 'missing' ? 'does not exist' : file.reason}`)
    return null
  }

  async function readAuthorities(path: string, report: Report): Promise<string[]> {
    const text = await readText(path, report)
    if (text === null) return []
    const authorities = authoritiesIn(text)
    if (authorities.length === 0) report(`${path}: holds no PEM certificate`)
    return authorities
  }

  async function readClient(
    pair: { cert: string; key: string },
    report: Report,
  ): Promise<ClientPair> {
    const [clientCert, clientKey] = await Promise.all([
      readText(pair.cert, report),
      pair.key === pair.cert ? null : readText(pair.key, report),
    ])
    const key = pair.key === pair.cert ? clientCert : clientKey
    if (clientCert === null || key === null) return noClient
    if (isClientPair(clientCert, key)) return { clientCert, clientKey: key }
    report(`${pair.cert}: is no client certificate that fits the key in ${pair.key}`)
    return noClient
  }

  return {
    async read(host, settings, report) {
      const caFiles = [...(host.caFiles ?? []), settings?.caFile ?? ''].filter(Boolean)
      const found = await Promise.all(
        caFiles.map((path) => readAuthorities(path, report)),
      )
      // Node takes one pair; Go chooses among several by what the server asks for, which few registries have.
      const pair = host.clientPairs?.[0] ?? configuredPair(settings)
      const client = pair === null ? noClient : await readClient(pair, report)
      return { ca: found.flat(), ...client, skipVerify: host.skipVerify ?? false }
    },
  }
}

function configuredPair(
  settings: RegistrySettings | null,
): { cert: string; key: string } | null {
  if (settings === null || settings.clientCertFile === null) return null
  return {
    cert: settings.clientCertFile,
    key: settings.clientKeyFile ?? settings.clientCertFile,
  }
}

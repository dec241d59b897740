import { isAbsolute, join } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { isFields, type Fields } from '../json/fields.ts'
import { parseHostAddress } from './host-config.ts'
import type { HostAddress, HostConfig, HostOptions } from './host-config.ts'

/** A hosts.toml. `server` without an address: the registry's default, with these options. */
export interface HostsFile {
  /** In the order in which they are asked. */
  mirrors: HostConfig[]
  server: { address: HostAddress | null; options: HostOptions }
}

export type HostsFileResult =
  { status: 'read'; file: HostsFile } | { status: 'broken'; reason: string }

type Table = Fields

class Unusable extends Error {}

const DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/

/**
 * Reads a hosts.toml as containerd's parseHostsFile does: `[host."URL"]` in the order of the file, then `server` with the options at the
 * root. One wrong field makes the whole file unusable; unknown fields are nothing. Paths are relative to `directory`. Never throws, and
 * `reason` quotes no values: headers are secrets.
 */
export function parseHostsToml(text: string, directory: string): HostsFileResult {
  try {
    const root = tableOf(parse(text), 'the file')
    const hosts = root['host'] === undefined ? {} : tableOf(root['host'], 'host')
    const mirrors = Object.entries(hosts).map(([name, table], index) => {
      // By number: an address may hold a password.
      const field = `host ${index + 1}`
      return mirrorOf(name, tableOf(table, field), field, directory)
    })
    return { status: 'read', file: { mirrors, server: serverOf(root, directory) } }
  } catch (error) {
    return { status: 'broken', reason: reasonOf(error) }
  }
}

function mirrorOf(
  name: string,
  table: Table,
  field: string,
  directory: string,
): HostConfig {
  const address = parseHostAddress(name, flag(table, 'override_path', field) ?? false)
  if (address === null) throw new Unusable(`${field} is not the address of a host`)
  return { ...address, ...optionsOf(table, field, directory) }
}

function serverOf(root: Table, directory: string): HostsFile['server'] {
  const server = root['server'] ?? ''
  if (typeof server !== 'string') throw new Unusable('server is not a string')
  const overridePath = flag(root, 'override_path', 'the root') ?? false
  const address = server === '' ? null : parseHostAddress(server, overridePath)
  if (server !== '' && address === null)
    throw new Unusable('server is not the address of a host')
  return { address, options: optionsOf(root, 'the root', directory) }
}

function optionsOf(table: Table, field: string, directory: string): HostOptions {
  checkDialTimeout(table['dial_timeout'], field)
  return {
    capabilities: capabilitiesOf(table['capabilities'], field),
    caFiles: caFilesOf(table['ca'], field, directory),
    clientPairs: clientPairsOf(table['client'], field, directory),
    skipVerify: flag(table, 'skip_verify', field),
    headers: headersOf(table['header'], field),
  }
}

function capabilitiesOf(value: unknown, field: string): HostConfig['capabilities'] {
  const names = value === undefined ? [] : stringsOf(value, `capabilities of ${field}`)
  const known = names.map((name) => name.toLowerCase())
  const unknown = known.find((name) => !['pull', 'resolve', 'push'].includes(name))
  if (unknown !== undefined)
    throw new Unusable(`${field} has a capability that is none of pull, resolve and push`)
  if (known.length === 0) return { resolve: true, pull: true }
  return { resolve: known.includes('resolve'), pull: known.includes('pull') }
}

function caFilesOf(value: unknown, field: string, directory: string): string[] | null {
  if (value === undefined) return null
  const names = typeof value === 'string' ? [value] : stringsOf(value, `ca of ${field}`)
  return names.map((name) => inDirectory(name, directory))
}

/** A file with both, several of them, or pairs of certificate and key. */
function clientPairsOf(
  value: unknown,
  field: string,
  directory: string,
): HostConfig['clientPairs'] {
  if (value === undefined) return null
  const what = `client of ${field}`
  if (typeof value !== 'string' && !Array.isArray(value)) throw wrongType(what)
  const items: unknown[] = typeof value === 'string' ? [value] : value
  return items.map((item) => {
    const names = typeof item === 'string' ? [item, item] : stringsOf(item, what)
    const [cert, key] = names
    if (cert === undefined || key === undefined || names.length > 2) throw wrongType(what)
    return { cert: inDirectory(cert, directory), key: inDirectory(key, directory) }
  })
}

function headersOf(value: unknown, field: string): Record<string, string> {
  if (value === undefined) return {}
  const what = `header of ${field}`
  const pairs = Object.entries(tableOf(value, what)).map(([name, content]) => {
    const values = typeof content === 'string' ? [content] : stringsOf(content, what)
    return [name.toLowerCase(), values.join(', ')] as const
  })
  return Object.fromEntries(pairs.filter(([name, text]) => isHeader(name, text)))
}

/** What Go's client, too, would refuse to send (RFC 9110, 5.1 and 5.5). */
function isHeader(name: string, text: string): boolean {
  return (
    /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name) &&
    /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(text)
  )
}

function flag(table: Table, name: string, field: string): boolean | null {
  const value = table[name]
  if (value === undefined) return null
  if (typeof value !== 'boolean') throw wrongType(`${name} of ${field}`)
  return value
}

function checkDialTimeout(value: unknown, field: string): void {
  if (value === undefined || value === '') return
  const isDuration = typeof value === 'string' && DURATION.test(value)
  if (!isDuration) throw new Unusable(`dial_timeout of ${field} is not a duration`)
}

function stringsOf(value: unknown, what: string): string[] {
  if (!Array.isArray(value)) throw wrongType(what)
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw wrongType(what)
    return item
  })
}

function tableOf(value: unknown, what: string): Table {
  if (!isFields(value) || value instanceof Date) throw wrongType(what)
  return { ...value }
}

function wrongType(what: string): Unusable {
  return new Unusable(`${what} has the wrong type`)
}

function inDirectory(name: string, directory: string): string {
  return isAbsolute(name) ? name : join(directory, name)
}

/** A TomlError's message goes on with the lines around the fault, which may hold a header. */
function reasonOf(error: unknown): string {
  if (error instanceof Unusable) return error.message
  if (error instanceof TomlError)
    return `line ${error.line}, column ${error.column} is not TOML`
  return 'it is not TOML'
}

import { isIPv4 } from 'node:net'
import { parseIpAddress } from './ip-address.ts'
import type { HostConfig, HostOptions } from './host-config.ts'
import { noOptions } from './host-config.ts'

/**
 * Where a registry is reached that nothing else is said about (pull-semantics 4.1: Docker Hub is `registry-1.docker.io`, loopback on an
 * ambiguous port is asked without verification and falls back to plain HTTP). As in containerd, capabilities are complete here whatever
 * `options` says.
 */
export function defaultHost(
  registry: string,
  options: HostOptions = noOptions,
): HostConfig {
  const isHub = registry === 'docker.io'
  const loopback = isLoopback(registry)
  const port = portOf(registry)
  const isPlainByPort = loopback && port !== '' && port !== '443'
  return {
    ...options,
    scheme: isPlainByPort ? 'http' : 'https',
    host: isHub ? 'registry-1.docker.io' : registry,
    prefix: '',
    apiPath: '/v2',
    capabilities: { resolve: true, pull: true },
    skipVerify: loopback && port !== '80' ? true : options.skipVerify,
  }
}

/** By spelling alone: `localhost`, 127.0.0.0/8 and ::1, with or without a port. */
export function isLoopback(registry: string): boolean {
  const host = registry.replace(/:\d*$/, '').replace(/^\[|\]$/g, '')
  if (host === 'localhost') return true
  if (isIPv4(host)) return host.startsWith('127.')
  const address = registry.startsWith('[') ? parseIpAddress(ipv6Of(registry)) : null
  if (address === null) return false
  return address.family === 6 ? address.value === 1n : address.value >> 24n === 127n
}

/** Digits behind the last colon outside brackets, or nothing. */
export function portOf(host: string): string {
  return /^(?:\[[^\]]*\]|[^:[\]]*):(\d*)$/.exec(host)?.[1] ?? ''
}

function ipv6Of(registry: string): string {
  return /^\[([^\]]*)\]/.exec(registry)?.[1] ?? ''
}

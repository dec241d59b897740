import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { standaloneHosts } from '../certificates/self-signed.ts'
import type { ApiClient } from '../cluster/api-client.ts'
import { kubernetesCertificateStore } from '../cluster/kubernetes-certificate-store.ts'
import { UsageError } from './io.ts'
import type { ServingSource } from './open-serving-certificate.ts'

/** The options of `serve` that say where its certificate comes from, as they were given. */
export interface CertificateOptions {
  tlsCert: string | undefined
  tlsKey: string | undefined
  /** NAMESPACE/NAME, or NAME in the namespace of this release. */
  tlsSecret: string | undefined
  /** Comma-separated. */
  tlsHosts: string | undefined
  webhookConfiguration: string
}

/** The same, understood. `shared` becomes a source when there is a client of the cluster. */
export type CertificateChoice =
  | Exclude<ServingSource, { kind: 'shared' }>
  | {
      kind: 'shared'
      secret: { namespace: string; name: string }
      hosts: readonly string[]
      configuration: string
    }

export interface CertificateSurroundings {
  /** The host of `--listen`. */
  listenHost: string
  ownNamespace: string | null
  hasCluster: boolean
  cwd: string
}

/** Throws UsageError for options that do not go together. */
export function chooseCertificate(
  options: CertificateOptions,
  surroundings: CertificateSurroundings,
): CertificateChoice {
  const { tlsCert, tlsKey, tlsSecret } = options
  const hosts = options.tlsHosts === undefined ? null : parseHosts(options.tlsHosts)
  if (tlsSecret !== undefined) {
    if (tlsCert !== undefined || tlsKey !== undefined)
      throw new UsageError('--tls-secret makes its own certificate: leave out --tls-cert')
    if (!surroundings.hasCluster)
      throw new UsageError('--tls-secret needs a cluster: leave out --standalone')
    const secret = parseSecret(tlsSecret, surroundings.ownNamespace)
    return {
      kind: 'shared',
      secret,
      hosts: hosts ?? [`pullgate.${secret.namespace}.svc`],
      configuration: options.webhookConfiguration,
    }
  }
  if (tlsCert !== undefined && tlsKey !== undefined) {
    const { cwd } = surroundings
    const files = { certFile: resolve(cwd, tlsCert), keyFile: resolve(cwd, tlsKey) }
    return { kind: 'files', files }
  }
  if (tlsCert !== undefined || tlsKey !== undefined)
    throw new UsageError('--tls-cert and --tls-key belong together')
  return { kind: 'self-signed', hosts: ownHosts(surroundings.listenHost, hosts) }
}

export function toSource(
  choice: CertificateChoice,
  api: ApiClient | null,
): ServingSource {
  if (choice.kind !== 'shared') return choice
  if (api === null) throw new UsageError('--tls-secret needs a cluster')
  const { secret, configuration, hosts } = choice
  const store = kubernetesCertificateStore({ client: api, secret, configuration })
  return { kind: 'shared', store, hosts }
}

function ownHosts(listenHost: string, given: readonly string[] | null): string[] {
  const isEvery = ['0.0.0.0', '::'].includes(listenHost)
  return [
    ...new Set([...standaloneHosts, ...(isEvery ? [] : [listenHost]), ...(given ?? [])]),
  ]
}

/** RFC 1123 labels, or a wildcard in the place of the first. */
const HOST = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const MAX_HOSTS = 100

function parseHosts(text: string): string[] {
  const hosts = text.split(',').map((host) => host.trim().toLowerCase())
  const wrong = hosts.find((host) => isIP(host) === 0 && !HOST.test(host))
  if (wrong !== undefined || hosts.length > MAX_HOSTS) {
    throw new UsageError(
      `--tls-hosts takes names and addresses with commas between, not "${wrong ?? text}"`,
    )
  }
  return [...new Set(hosts)]
}

/** RFC 1123: both become a part of a path. */
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

function parseSecret(
  text: string,
  ownNamespace: string | null,
): { namespace: string; name: string } {
  const parts = text.split('/')
  const [namespace, name] = parts.length === 1 ? [ownNamespace, parts[0]] : parts
  if (namespace === null || namespace === undefined) {
    throw new UsageError('--tls-secret takes NAMESPACE/NAME where --namespace is not set')
  }
  if (parts.length > 2 || ![namespace, name].every((part) => NAME.test(part ?? ''))) {
    throw new UsageError(`--tls-secret takes NAMESPACE/NAME, not "${text}"`)
  }
  return { namespace, name: name ?? '' }
}

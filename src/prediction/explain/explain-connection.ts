import type { NetworkFault, TlsFault, TokenServiceFault } from '../../registry/faults.ts'
import type { LookupInterrupted, LookupResult } from '../../registry/lookup.ts'
import type { Finding } from '../finding.ts'

type ConnectionOutcome = Extract<
  LookupResult,
  {
    outcome:
      | 'unreachable'
      | 'untrusted'
      | 'rate-limited'
      | 'unexpected-status'
      | 'token-service-failure'
      | 'refused-address'
  }
>

/**
 * Troubles on the way to an answer. None of them is ever certain: they are transient, or look different from a node
 * (catalogue rows 17, 18, 40 to 49, 52, 53, 55, 56, 82, 84).
 */
export function explainConnection(result: ConnectionOutcome): Finding {
  switch (result.outcome) {
    case 'unreachable':
      return uncertain('RegistryUnreachable', ...networkWords(result.fault, result.host))
    case 'untrusted':
      return explainTls(result.fault, result.host, result.detail)
    case 'rate-limited':
      return explainRateLimit(result)
    case 'unexpected-status':
      return explainStatus(result)
    case 'token-service-failure':
      return explainTokenService(result)
    case 'refused-address':
      return uncertain(
        'RegistryNotAllowed',
        `${result.host} is at an address that this webhook does not contact (loopback, link-local, metadata or refused by configuration), so the image was not looked up.`,
        'If the registry is meant to be reached there, an operator adds the address to network.allow.',
      )
    default:
      return result satisfies never
  }
}

/** The time was over before there was an answer. `before`: what else did not answer, and so took a part of it. */
export function explainLate(
  { evidence }: LookupInterrupted,
  before: string | null,
): Finding {
  const message =
    before === null
      ? `${evidence.registry} did not answer in time, so the image was not verified.`
      : `${before} ${evidence.registry} did not answer in the time that was left, so the image was not verified.`
  return uncertain('Unverified', message, null)
}

function uncertain(
  cause: Finding['cause'],
  message: string,
  advice: string | null,
): Finding {
  return { cause, certainty: 'uncertain', message, advice, doubts: [] }
}

/** Message and advice. The nodes may see it differently, which the words must say. */
function networkWords(fault: NetworkFault, host: string): [string, string | null] {
  const here = 'from here; nodes may see it differently'
  switch (fault) {
    case 'name-not-found':
      return [
        `The host name of ${host} does not resolve ${here}.`,
        'Check the spelling of the registry host, and whether nodes ask another DNS server.',
      ]
    case 'name-resolution-failed':
      return [
        `The host name of ${host} could not be resolved just now ${here}.`,
        'This is a fault of DNS, not of the image: check the DNS server of the cluster.',
      ]
    case 'connection-refused':
      return [
        `${host} refuses connections ${here}.`,
        'Check the host and the port of the registry.',
      ]
    case 'connection-reset':
      return [
        `${host} closes the connection without an answer ${here}.`,
        'Check the registry, and any firewall or proxy that ends connections to it.',
      ]
    case 'connect-timeout':
      return [
        `${host} cannot be connected to in time ${here}.`,
        'Check firewalls and network policies between the nodes and the registry.',
      ]
    case 'response-timeout':
      return [
        `${host} accepted the connection but did not answer in time.`,
        'Check the load of the registry and the proxies before it; the kubelet waits longer.',
      ]
    case 'network-unreachable':
      return [
        `There is no route to ${host} ${here}.`,
        'Check the network policies and the egress of this webhook and of the nodes.',
      ]
    case 'too-many-redirects':
      return [
        `${host} redirects in a circle.`,
        'Check the registry and the proxy before it.',
      ]
    case 'invalid-port':
      return [`The port of ${host} is not a valid port.`, 'Correct the port.']
    case 'protocol-error':
      return [
        `${host} does not answer in valid HTTP ${here}.`,
        'Check the port, and any proxy before the registry.',
      ]
    case 'proxy-refused':
      return [
        `The HTTP proxy on the way to ${host} does not let us through ${here}.`,
        'Check what the proxy allows, and NO_PROXY for registries that need none.',
      ]
    case 'never-reached':
      return [
        `${host} was never reachable from here, so its images are not verified.`,
        null,
      ]
    case 'too-many-waiting':
      return [`Too many look-ups wait for ${host}, so this image was not verified.`, null]
    default:
      return fault satisfies never
  }
}

function explainTls(fault: TlsFault, host: string, detail: string): Finding {
  if (fault === 'plain-http') {
    return uncertain(
      'PlainHttpRegistry',
      `${host} speaks plain HTTP, which nodes refuse unless their hosts.toml allows it.`,
      `If the nodes' hosts.toml names http://${host}, tell this webhook too (hostsDirectory, or plainHttp for this registry).`,
    )
  }
  return uncertain(
    'CertificateUntrusted',
    tlsWords(fault, host, detail),
    tlsAdvice(fault, host),
  )
}

function tlsWords(
  fault: Exclude<TlsFault, 'plain-http'>,
  host: string,
  detail: string,
): string {
  switch (fault) {
    case 'unknown-authority':
      return `The certificate of ${host} is signed by an authority that is not trusted here.`
    case 'name-mismatch':
      return `The certificate of ${host} is for another name: ${detail}`
    case 'expired':
      return `The certificate of ${host} has expired: ${detail}`
    case 'not-yet-valid':
      return `The certificate of ${host} is not valid yet: ${detail}`
    case 'other':
      return `TLS with ${host} fails: ${detail}`
    default:
      return fault satisfies never
  }
}

function tlsAdvice(fault: TlsFault, host: string): string {
  switch (fault) {
    case 'unknown-authority':
      return `Nodes need the authority in hosts.toml (ca), and this webhook in caFile of registry ${host}.`
    case 'name-mismatch':
      return `Use a name that the certificate has, or replace the certificate of ${host}.`
    case 'not-yet-valid':
      return `Check the clocks, here and where the certificate of ${host} was made.`
    default:
      return `Renew or replace the certificate of ${host}.`
  }
}

function explainRateLimit(
  result: Extract<LookupResult, { outcome: 'rate-limited' }>,
): Finding {
  const { evidence, stage, retryAfterMs } = result
  const { registry } = evidence
  const who = stage === 'token' ? `The token service of ${registry}` : registry
  const seconds = retryAfterMs === null ? null : Math.ceil(retryAfterMs / 1000)
  if (evidence.unasked === true) return explainPause(who, seconds)
  const whose =
    evidence.access === 'credential'
      ? 'of the account in the pull secret (429), so the image was not verified; the nodes use the same account'
      : 'from this address (429), so the image was not verified; nodes may have their own quota'
  const wait = seconds === null ? '' : ` It asks to wait ${seconds} seconds.`
  return uncertain(
    'RateLimited',
    `${who} is limiting requests ${whose}.${wait}`,
    `Pull with an account, or through a mirror, to have a quota of your own on ${registry}.`,
  )
}

/** Somebody else's request was limited, and this one not sent: whose quota it would have counted against is not known. */
function explainPause(who: string, seconds: number | null): Finding {
  const again = seconds === null ? '' : ` It is asked again in ${seconds} seconds.`
  return uncertain(
    'RateLimited',
    `${who} is limiting requests and has asked this webhook to wait (429), so the image was not verified; nodes may have their own quota.${again}`,
    null,
  )
}

function explainStatus(
  result: Extract<LookupResult, { outcome: 'unexpected-status' }>,
): Finding {
  const { registry, status, errors } = result.evidence
  const codes = errors.length > 0 ? ` (${errors.map(({ code }) => code).join(', ')})` : ''
  if (status === 451) {
    return uncertain(
      'RegistryError',
      `${registry} withholds the image for legal reasons (451)${codes}.`,
      null,
    )
  }
  return uncertain(
    'RegistryError',
    `${registry} answered ${status ?? 'nothing usable'}${codes}, so the image was not verified; whether the kubelet fares better is open.`,
    null,
  )
}

function explainTokenService(
  result: Extract<LookupResult, { outcome: 'token-service-failure' }>,
): Finding {
  const { registry, status } = result.evidence
  const words: Record<TokenServiceFault, string> = {
    'no-realm': 'its challenge names no token service',
    'no-token': 'the token service answered without a token',
    'not-json': 'the token service answered with something that is not JSON',
    status: `the token service answered ${status ?? 'with an error'}`,
  }
  return uncertain(
    'TokenServiceError',
    `${registry} could not be asked: ${words[result.fault]}.`,
    result.fault === 'status'
      ? `Check whether the token service of ${registry} is up; the kubelet tries again by itself.`
      : `The token service of ${registry} is misconfigured: its operator has to correct the realm or the service behind it.`,
  )
}

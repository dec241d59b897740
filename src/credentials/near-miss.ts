import { editDistance } from '../text/edit-distance.ts'
import { fromByteString } from './go-url.ts'
import { buildKeyring, toIndexKey } from './keyring.ts'
import { shownKey } from './shown-key.ts'
import { labelMatches, parseUrlGlobBytes, type UrlGlob } from './url-glob.ts'

/** Why a key of a secret does not match an image although it looks as if it was meant for it. */
export type NearMissReason =
  | { reason: 'whitespace' }
  | { reason: 'scheme'; scheme: string }
  /** `/v1` or `/v2` at the end: only with a slash behind it is it dropped. */
  | { reason: 'version-without-slash'; version: string }
  /** A name of Docker Hub under which the kubelet does not look. */
  | { reason: 'docker-hub-name' }
  | { reason: 'letter-case' }
  /** The key names a port, the image none; `:443` counts as any other. */
  | { reason: 'extra-port'; port: string }
  | { reason: 'missing-port'; port: string }
  | { reason: 'other-port'; port: string; wantedPort: string }
  /** Longer than the image's path: a slash at the end, a tag, or a deeper repository. */
  | { reason: 'path-too-long' }
  | { reason: 'other-path' }
  | { reason: 'glob-outside-host' }
  /** A `*` stands for one label of the host, not for several. */
  | { reason: 'too-few-labels' }
  | { reason: 'parent-domain' }
  | { reason: 'other-label'; label: string; wantedLabel: string }
  /** Not an address: the kubelet skips the entry. */
  | { reason: 'invalid-key' }

const HUB_NAMES = new Set([
  'registry-1.docker.io',
  'registry.docker.io',
  'auth.docker.io',
  'hub.docker.com',
  'registry.hub.docker.com',
  'cloud.docker.com',
  'www.docker.com',
  'docker.com',
])
/** A glob over these, such as `*.docker.io`, finds nothing either: images of Docker Hub are looked up as docker.io. */
const HUB_LABELS = ['index', 'docker', 'io']
/** Typing errors further apart than this are other names. */
const MAX_TYPOS = 2
/** A key as it is written, and as the kubelet reads it; null where it does not. */
export interface Candidate {
  text: string
  glob: UrlGlob | null
}

type Detector = (key: Candidate, image: Target) => NearMissReason | null

/** The image that no key matched. */
export interface Target extends UrlGlob {
  repository: string
  isHub: boolean
}

/** From the surest to the vaguest explanation; the first that fits any key is given. */
export const DETECTORS: readonly Detector[] = [
  whitespace,
  otherScheme,
  versionWithoutSlash,
  dockerHubName,
  letterCase,
  ports,
  globOutsideHost,
  paths,
  invalidKey,
  tooFewLabels,
  parentDomain,
  otherLabel,
]

export function toCandidate(text: string): Candidate {
  const indexKey = toIndexKey(text)
  return { text, glob: indexKey === null ? null : parseUrlGlobBytes(indexKey) }
}

function wouldMatch(key: string, { repository }: Target): boolean {
  const entries = [{ key, username: '', password: '' }]
  const keyring = buildKeyring([{ kind: 'pull-secret', source: '', entries }])
  return keyring.match(repository).length > 0
}

function whitespace({ text }: Candidate, image: Target): NearMissReason | null {
  if (!/\s/.test(text)) return null
  return wouldMatch(text.replaceAll(/\s/g, ''), image) ? { reason: 'whitespace' } : null
}

function otherScheme({ text }: Candidate, image: Target): NearMissReason | null {
  const [, scheme = '', rest = ''] =
    /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(text) ?? []
  if (scheme === '' || scheme === 'http' || scheme === 'https') return null
  return wouldMatch(rest, image) ? { reason: 'scheme', scheme: `${scheme}://` } : null
}

function versionWithoutSlash({ text }: Candidate, image: Target): NearMissReason | null {
  const version = /\/(v[12])$/.exec(text)?.[1]
  if (version === undefined || !wouldMatch(`${text}/`, image)) return null
  return { reason: 'version-without-slash', version }
}

function dockerHubName({ glob }: Candidate, image: Target): NearMissReason | null {
  if (!image.isHub || glob === null) return null
  const host = glob.labels.join('.').toLowerCase()
  const isGlob = host !== 'index.docker.io' && labelsMatch(glob.labels, HUB_LABELS)
  return HUB_NAMES.has(host) || isGlob ? { reason: 'docker-hub-name' } : null
}

function letterCase({ text }: Candidate, image: Target): NearMissReason | null {
  const lower = { ...image, repository: image.repository.toLowerCase() }
  return wouldMatch(text.toLowerCase(), lower) ? { reason: 'letter-case' } : null
}

function ports({ glob }: Candidate, image: Target): NearMissReason | null {
  if (glob === null || glob.port === image.port || !sameHost(glob, image)) return null
  if (image.port === '') return { reason: 'extra-port', port: glob.port }
  if (glob.port === '') return { reason: 'missing-port', port: image.port }
  return { reason: 'other-port', port: glob.port, wantedPort: image.port }
}

function globOutsideHost(
  { text, glob }: Candidate,
  image: Target,
): NearMissReason | null {
  const inPort = /^(?:https?:\/\/)?([^/]*):\*/.exec(text)?.[1]
  if (inPort !== undefined) {
    const hostOnly = toCandidate(inPort).glob
    const same = hostOnly !== null && sameHost(hostOnly, image)
    return same ? { reason: 'glob-outside-host' } : null
  }
  if (glob === null || !glob.path.includes('*')) return null
  return sameHost(glob, image) && glob.port === image.port
    ? { reason: 'glob-outside-host' }
    : null
}

function paths({ glob }: Candidate, image: Target): NearMissReason | null {
  if (glob === null || glob.port !== image.port) return null
  const isHubKey = image.isHub && glob.labels.join('.') === 'index.docker.io'
  if (!sameHost(glob, image) && !isHubKey) return null
  if (glob.path === '' || glob.path === '/') return null
  const tooLong = glob.path.startsWith(image.path)
  return { reason: tooLong ? 'path-too-long' : 'other-path' }
}

function invalidKey({ text, glob }: Candidate, image: Target): NearMissReason | null {
  const host = image.labels.join('.')
  return glob === null && text.includes(host) ? { reason: 'invalid-key' } : null
}

function tooFewLabels({ glob }: Candidate, image: Target): NearMissReason | null {
  if (glob === null || glob.labels[0] !== '*' || glob.port !== image.port) return null
  const rest = glob.labels.slice(1)
  if (glob.labels.length >= image.labels.length) return null
  const tail = rest.length === 0 ? [] : image.labels.slice(-rest.length)
  return labelsMatch(rest, tail) ? { reason: 'too-few-labels' } : null
}

/** `example.com` or `.example.com` for `reg.example.com`. A bare `com` is nobody's. */
function parentDomain({ glob }: Candidate, image: Target): NearMissReason | null {
  if (glob === null) return null
  const labels = glob.labels[0] === '' ? glob.labels.slice(1) : glob.labels
  if (labels.length < 2 || labels.length >= image.labels.length) return null
  const tail = image.labels.slice(-labels.length)
  return labelsMatch(labels, tail) ? { reason: 'parent-domain' } : null
}

/** One label differs: another host of the same domain, or a typing error. */
function otherLabel({ glob }: Candidate, image: Target): NearMissReason | null {
  if (glob === null || glob.labels.length !== image.labels.length) return null
  const differing = glob.labels.flatMap((label, index) => {
    const wantedLabel = image.labels[index] ?? ''
    return labelMatches(label, wantedLabel) ? [] : { index, label, wantedLabel }
  })
  const [first, second] = differing
  if (first === undefined || second !== undefined || glob.labels.length < 2) return null
  const { index, label, wantedLabel } = first
  const sameDomain = index < glob.labels.length - 2
  if (!sameDomain && editDistance(label, wantedLabel, MAX_TYPOS) === null) return null
  return { reason: 'other-label', label: shownKey(fromByteString(label)), wantedLabel }
}

function sameHost(glob: UrlGlob, image: UrlGlob): boolean {
  return labelsMatch(glob.labels, image.labels)
}

function labelsMatch(globs: readonly string[], labels: readonly string[]): boolean {
  return (
    globs.length === labels.length &&
    globs.every((glob, index) => labelMatches(glob, labels[index] ?? ''))
  )
}

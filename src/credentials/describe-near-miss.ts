import type { NearMiss } from './closest-key.ts'
import type { NearMissReason } from './near-miss.ts'

/** One or two sentences that tell why the closest key does not match, and the key that would. Never a value of a secret. */
export function describeNearMiss(nearMiss: NearMiss): string {
  const { key, origin, why, requiredKey } = nearMiss
  const holder = origin.kind === 'pull-secret' ? `secret ${origin.source}` : origin.source
  return `The key "${key}" of ${holder} does not match: ${explain(why)}. The key that matches is "${requiredKey}".`
}

function explain(why: NearMissReason): string {
  switch (why.reason) {
    case 'whitespace':
      return 'it contains white space'
    case 'scheme':
      return `the kubelet knows no ${why.scheme} in front of a key, only http:// and https://`
    case 'version-without-slash':
      return `/${why.version} is dropped only when a slash follows it`
    case 'docker-hub-name':
      return 'the kubelet does not look for Docker Hub under this name'
    case 'letter-case':
      return 'upper and lower case count'
    case 'extra-port':
      return `it names port ${why.port} and the image names none (the kubelet compares ports as text)`
    case 'missing-port':
      return `it lacks the port ${why.port} of the image`
    case 'other-port':
      return `it names port ${why.port}, the image port ${why.wantedPort}`
    case 'path-too-long':
      return 'its path is longer than that of the image; a path must be the beginning of it'
    case 'other-path':
      return 'its path is not the beginning of that of the image'
    case 'glob-outside-host':
      return 'a * counts only in the host, not in the port or the path'
    case 'too-few-labels':
      return 'each * stands for exactly one part of the host between dots'
    case 'parent-domain':
      return 'it names the parent domain, and the whole host must match'
    case 'other-label':
      return `it says "${why.label}" where the host of the image says "${why.wantedLabel}"`
    case 'invalid-key':
    default:
      return 'it is not an address, so the kubelet skips it'
  }
}

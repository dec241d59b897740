import type { ImageReference } from './image-reference.ts'
import { isLoopbackRegistry } from './loopback.ts'
import { findMovedImage } from './moved-image.ts'
import type { MovedImage } from './moved-image.ts'

/**
 * What is odd about a name that the grammar takes. None of it fails a pull by itself, but each explains a failure.
 * - `dotless-registry` (catalogue 9): the first part has no dot or port, so this means docker.io. True of every Docker Hub user name
 *   too, so it is only worth saying when the Hub does not have the image. `hubShape` is false for more parts than `user/repository`,
 *   which is all that the Hub knows.
 * - `localhost-tag` (catalogue 10): a host, perhaps with a port, was read as a repository and tag of docker.io/library.
 * - `port-out-of-range` (catalogue 11): no connection can be made; always fails.
 * - `no-tag` (catalogue 15): `latest` is meant.
 * - `tag-ignored` (catalogue 16): the digest decides.
 * - `loopback` (catalogue 50): each node's own registry.
 * - `legacy-host` (catalogue 78): the publisher stopped serving this place; a suggestion is a valid name.
 */
export type ReferenceRemark =
  | { remark: 'dotless-registry'; first: string; hubShape: boolean }
  | { remark: 'localhost-tag'; host: string }
  | { remark: 'port-out-of-range'; port: string }
  | { remark: 'no-tag' }
  | { remark: 'tag-ignored'; tag: string }
  | { remark: 'loopback' }
  | ({ remark: 'legacy-host' } & MovedImage)

const MAX_PORT = 65_535
const LIBRARY = 'library/'

/** All remarks on a valid name; `input` is what parseReference made the reference of. */
export function diagnoseValidReference(
  reference: ImageReference,
  input: string,
): ReferenceRemark[] {
  const moved = findMovedImage(reference)
  const remarks = [
    remarkOnFirstPart(reference, input),
    remarkOnHostAsName(reference, input),
    remarkOnPort(reference),
    remarkOnTag(reference),
    isLoopbackRegistry(reference.registry) ? ({ remark: 'loopback' } as const) : null,
    moved === null ? null : ({ remark: 'legacy-host', ...moved } as const),
  ]
  return remarks.filter((remark) => remark !== null)
}

function remarkOnFirstPart(
  reference: ImageReference,
  input: string,
): ReferenceRemark | null {
  const slash = input.indexOf('/')
  if (reference.registry !== 'docker.io' || slash === -1) return null
  const first = input.slice(0, slash)
  if (first.includes('.') || first === 'library') return null
  const hubShape = reference.repository.split('/').length === 2
  return { remark: 'dotless-registry', first, hubShape }
}

function remarkOnHostAsName(
  reference: ImageReference,
  input: string,
): ReferenceRemark | null {
  if (input.includes('/')) return null
  const name = reference.repository.slice(LIBRARY.length)
  const { tag } = reference
  const couldBePort =
    tag === null || (/^[0-9]{2,5}$/.test(tag) && Number(tag) <= MAX_PORT)
  if (name === 'localhost' || (name.includes('.') && couldBePort)) {
    return { remark: 'localhost-tag', host: tag === null ? name : `${name}:${tag}` }
  }
  return null
}

function remarkOnPort(reference: ImageReference): ReferenceRemark | null {
  const port = /:([0-9]+)$/.exec(reference.registry)?.[1]
  if (port === undefined || Number(port) <= MAX_PORT) return null
  return { remark: 'port-out-of-range', port }
}

function remarkOnTag(reference: ImageReference): ReferenceRemark | null {
  const { tag, digest } = reference
  if (tag === null) return digest === null ? { remark: 'no-tag' } : null
  return digest === null ? null : { remark: 'tag-ignored', tag }
}

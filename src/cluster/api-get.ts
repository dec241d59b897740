import type { Fact } from '../prediction/cluster-facts.ts'
import type { Fields } from '../json/fields.ts'
import type { ApiClient } from './api-client.ts'
import { fieldsOrEmpty, textOrEmpty } from './lenient-fields.ts'
import type { ObjectIdentity } from './read-facts.ts'

/** RFC 1123 subdomain: no object has another name, and nothing else may become a part of a path. */
const OBJECT_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

export interface GetObject<T> {
  path: string
  kind: string
  identity: ObjectIdentity
  read(fields: Fields, identity: ObjectIdentity): T
}

/** An object by name; an answer that is not about it counts as no answer. */
export async function getObject<T>(
  client: ApiClient,
  request: GetObject<T>,
): Promise<Fact<T>> {
  const { path, kind, identity } = request
  const answer = await client.get({ path })
  if (answer.status === 'not-found') return { status: 'absent' }
  if (answer.status === 'failed') return { status: 'unknown', reason: answer.reason }
  if (answer.status === 'expired') {
    return { status: 'unknown', reason: 'the API server answered 410' }
  }
  if (answer.object.kind !== kind || nameOf(answer.object) !== identity.name) {
    return { status: 'unknown', reason: 'the API server gave an unexpected answer' }
  }
  return { status: 'known', value: request.read(answer.object, identity) }
}

export function namespacedPath(
  resource: string,
  { namespace, name }: ObjectIdentity,
): string {
  return `/api/v1/namespaces/${namespace}/${resource}/${name}`
}

export function isName(name: string): boolean {
  return OBJECT_NAME.test(name)
}

/** `namespace/name`, the key of the caches; neither holds a slash. */
export function identityOf(key: string): ObjectIdentity {
  const [namespace = '', name = ''] = key.split('/')
  return { namespace, name }
}

export function nameOf(fields: Fields): string {
  return textOrEmpty(fieldsOrEmpty(fields.metadata).name)
}

export function identityIn(fields: Fields): ObjectIdentity {
  const namespace = textOrEmpty(fieldsOrEmpty(fields.metadata).namespace)
  return { namespace, name: nameOf(fields) }
}

import { posix } from 'node:path'
import type { ObjectIdentity } from '../../workload/workload.ts'
import type { Position } from '../audit-result.ts'
import { RENDERED, isInFile } from './rows.ts'

/** A physicalLocation of SARIF. */
export interface SarifPlace {
  artifactLocation: { uri: string }
  region: { startLine: number; startColumn: number }
}

/**
 * Where a result is. GitHub refuses all results where one has no file, so what is in none gets a name in the place of one: `stdin`, the
 * kustomization, `images` for images that were named by themselves, `cluster/NAMESPACE/KIND/NAME` for objects of a cluster.
 */
export function sarifPlace(
  position: Position | null,
  object: ObjectIdentity,
): SarifPlace {
  return position === null ? top(uriOfObject(object)) : placeOfPosition(position)
}

export function placeOfPosition(position: Position): SarifPlace {
  const { file, line, column } = position
  const region = { startLine: line, startColumn: column }
  if (isInFile(position)) return { artifactLocation: { uri: uriOf(file) }, region }
  if (file === '-') return { artifactLocation: { uri: 'stdin' }, region }
  // The line is one of what was rendered, which nobody can open.
  return top(uriOfKustomization(file.slice(RENDERED.length)))
}

function top(uri: string): SarifPlace {
  return { artifactLocation: { uri }, region: { startLine: 1, startColumn: 1 } }
}

/** A relative reference, or `file:` for an absolute path (RFC 3986, RFC 8089). */
export function uriOf(file: string): string {
  const path = file.toWellFormed().split(/[\\/]/).map(encodeURIComponent).join('/')
  return file.startsWith('/') ? `file://${path}` : path
}

const FILE = 'kustomization.yaml'

/** A URL loses its scheme, its user and its query, so that the name is that of a file and the same for each revision. */
function uriOfKustomization(directory: string): string {
  if (!/:\/\/|\?|^[^/]+@[^/]+:/.test(directory)) return uriOf(posix.join(directory, FILE))
  const [address = ''] = (directory.split('://').at(-1) ?? '').split(/[?#]/, 1)
  const steps = address.replace(/^[^/]*@/, '').split(/\/|:(?!\d)/)
  return uriOf([...steps.filter(isStep), FILE].join('/'))
}

function isStep(step: string): boolean {
  return step !== '' && step !== '.' && step !== '..'
}

function uriOfObject(object: ObjectIdentity): string {
  const { apiVersion, kind, namespace, name } = object
  // Of an image that was named by itself; real objects have a version.
  if (apiVersion === '') return 'images'
  return uriOf(['cluster', namespace, kind, name].filter(isStep).join('/'))
}

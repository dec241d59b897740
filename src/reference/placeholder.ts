import { MAX_REFERENCE_LENGTH } from './parse-reference.ts'

// Of Go templates, shells, Kubernetes, people, Python formats, Concourse and batch files. No class holds what closes it, so
// a search is linear.
const PLACEHOLDER =
  /\{\{[^{}]*(?:\}\})?|\}\}|\$\{[^{}]*\}?|\$\([^()]*\)?|\$[A-Za-z_][A-Za-z0-9_]*|<[^<>\s][^<>]*>|\{[^{}]*\}|\(\([^()]*\)\)|%[A-Za-z0-9_]+%/

const MAX_SHOWN = 60

/** The first `{{ .Values.tag }}`, `$TAG`, `${TAG}`, `$(TAG)`, `<tag>` or the like, cut to 60 UTF-16 units; null without one. */
export function findPlaceholder(input: string): string | null {
  const found = PLACEHOLDER.exec(input.slice(0, MAX_REFERENCE_LENGTH))
  return found === null ? null : found[0].slice(0, MAX_SHOWN)
}

import type { AppliedObject } from './as-admission-review.ts'

/** The part of an AdmissionResponse that a user gets to see. */
export interface ShownResponse {
  allowed: boolean
  warnings: string[]
  status: { message: string; reason: string } | null
}

/** What `kubectl apply -f FILE` prints for an answer of the webhook: warnings first, then the result. */
export function asKubectlPrints(
  file: string,
  object: AppliedObject,
  response: ShownResponse,
): string {
  const lines = response.warnings.map((warning) => `Warning: ${warning}`)
  if (response.allowed) {
    const group = object.apiVersion.includes('/')
      ? `.${object.apiVersion.split('/')[0]}`
      : ''
    lines.push(`${object.kind.toLowerCase()}${group}/${object.metadata.name} created`)
  } else {
    const reason = response.status?.reason ?? ''
    lines.push(
      `Error from server (${reason}): error when creating "${file}": admission webhook "images.pullgate.dev" denied the request: ${response.status?.message ?? ''}`,
    )
  }
  return lines.join('\n')
}

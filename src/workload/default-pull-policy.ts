import { InvalidImageName } from '../reference/invalid-image-name.ts'
import { parseReference } from '../reference/parse-reference.ts'
import type { PullPolicy } from './workload.ts'

/**
 * The imagePullPolicy that the API server fills in (pull-semantics 2.1: `Always` when the tag, written or implied, is
 * exactly `latest`, even beside a digest; else `IfNotPresent`, also for names that do not parse).
 */
export function defaultPullPolicy(image: string): PullPolicy {
  try {
    return parseReference(image).effectiveTag === 'latest' ? 'Always' : 'IfNotPresent'
  } catch (error) {
    if (error instanceof InvalidImageName) return 'IfNotPresent'
    throw error
  }
}

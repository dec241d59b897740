import { firstMatchingGlob } from '../../text/glob.ts'
import { printable } from '../../text/printable.ts'
import type { Finding } from '../finding.ts'
import type { PredictionSettings } from '../prediction-settings.ts'

const MAX_LIST_CHARACTERS = 200

/**
 * The operator's own word about a registry, given as `host[:port]` of a reference: null where it may be contacted. Upper case is no way
 * around a list, and a port none around a denied host; an allowed host is allowed with the port that is written there alone, so that nobody
 * scans its others.
 */
export function explainNotAllowed(
  registry: string,
  {
    allowedRegistries: allowed = ['*'],
    deniedRegistries: denied = [],
  }: Pick<PredictionSettings, 'allowedRegistries' | 'deniedRegistries'>,
): Finding | null {
  if (denied.length === 0 && allowed.includes('*')) return null
  const host = registry.toLowerCase()
  if (firstMatchingGlob(lowerCased(denied), host, host.replace(/:\d+$/, '')) !== null) {
    return notAllowed(
      `${registry} is a registry that this cluster does not use (deniedRegistries), so the image was not looked up.`,
      'Use an image of another registry, or ask an operator of the cluster for an exception.',
    )
  }
  if (firstMatchingGlob(lowerCased(allowed), host) !== null) return null
  return notAllowed(
    `${registry} is not among the registries that this cluster uses (allowedRegistries), so the image was not looked up.`,
    `Use an image of one of them: ${printable(allowed.join(', '), MAX_LIST_CHARACTERS)}`,
  )
}

function notAllowed(message: string, advice: string): Finding {
  return {
    cause: 'RegistryNotAllowed',
    certainty: 'certain',
    message,
    advice,
    doubts: [],
  }
}

function lowerCased(globs: readonly string[]): string[] {
  return globs.map((glob) => glob.toLowerCase())
}

import { OTHER } from './bounded-label.ts'

export interface HostLabels {
  /** It is there: it gave an answer over HTTP. */
  answered(host: string): void
  hasOwn(host: string): boolean
  of(host: string): string
}

/**
 * The names of hosts come from images, so anybody can make up as many as he likes: only a host that answered takes one of the
 * `max` labels, and all others are `other`. It keeps it for good, since a counter that vanishes loses what it counted.
 */
export function createHostLabels(max: number): HostLabels {
  const own = new Set<string>()
  return {
    answered(host) {
      if (own.size < max) own.add(host)
    },
    hasOwn: (host) => own.has(host),
    of: (host) => (own.has(host) ? host : OTHER),
  }
}

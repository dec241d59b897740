import type { ClusterFacts } from '../prediction/cluster-facts.ts'
import { createFactCache, oneList } from './fact-cache.ts'
import type { FactCache, FactCacheOptions } from './fact-cache.ts'
import type { Fact } from '../prediction/cluster-facts.ts'

/** What could not be had is asked for again after this long: an API server may have a bad moment in a long run. */
const UNKNOWN_MS = 5_000

/** Of one kind; a Secret is 1 MiB at most, and usually less than 1 kB. */
const MAX_OBJECTS = 5_000
const MAX_BYTES = 32 * 1024 * 1024
const BOUNDS = { maxEntries: MAX_OBJECTS, maxBytes: MAX_BYTES }
const POD_BYTES = 500

/**
 * The facts of one run of a report: each is asked for once, also where a `fresh` one is wanted, since a report is as old as its
 * run anyway. `now` is a clock in milliseconds that never goes back.
 */
export function rememberFacts(facts: ClusterFacts, now: () => number): ClusterFacts {
  // What is asked goes on for others when one caller's time is up, so no caller's signal is passed on.
  const read = { fresh: false, signal: new AbortController().signal }
  const ttl = { knownMs: Infinity, absentMs: Infinity, unknownMs: UNKNOWN_MS }

  function cache<T>(
    load: (key: string) => Promise<Fact<T>>,
    bounds: Pick<FactCacheOptions<T>, 'maxEntries' | 'maxBytes' | 'sizeOf'> = BOUNDS,
  ): FactCache<T> {
    return createFactCache<T>({
      ttl: { ...ttl, freshMs: Infinity },
      now,
      load,
      ...bounds,
    })
  }

  const secrets = cache((key) => facts.secret(...pair(key), read))
  const serviceAccounts = cache((key) => facts.serviceAccount(...pair(key), read))
  const namespaces = cache((name) => facts.namespace(name, read))
  const nodes = cache(() => facts.nodes(read), oneList)
  const signs = cache(
    async () => facts.autoscalerSigns?.(read) ?? { status: 'absent' as const },
  )
  const pods = cache((registry) => facts.podsUsingRegistry(registry, read), {
    ...BOUNDS,
    sizeOf: (list) => list.length * POD_BYTES,
  })
  const mutators = cache((namespace) => facts.podMutators(namespace, read))
  const withSecret = cache((name) => facts.namespacesWithSecret(name, read))
  return {
    secret: (namespace, name, options) => secrets.read(`${namespace}/${name}`, options),
    serviceAccount: (namespace, name, options) =>
      serviceAccounts.read(`${namespace}/${name}`, options),
    namespace: (name, options) => namespaces.read(name, options),
    nodes: (options) => nodes.read('', options),
    autoscalerSigns: (options) => signs.read('', options),
    podsUsingRegistry: (registry, options) => pods.read(registry, options),
    podMutators: (namespace, options) => mutators.read(namespace, options),
    namespacesWithSecret: (name, options) => withSecret.read(name, options),
  }
}

/** A namespace holds no slash; the name may hold anything that somebody wrote. */
function pair(key: string): [string, string] {
  const slash = key.indexOf('/')
  return [key.slice(0, slash), key.slice(slash + 1)]
}

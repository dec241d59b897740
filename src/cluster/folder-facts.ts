import type { ClusterFacts, Fact, ReadOptions } from '../prediction/cluster-facts.ts'
import { valueBefore } from '../time/value-before.ts'
import { objectStoreFacts } from './object-store.ts'
import type { StandaloneFolder } from './standalone-folder.ts'

const late = {
  status: 'unknown',
  reason: 'the folder could not be read again in time',
} as const

/**
 * ClusterFacts of the folder of `--standalone`, which is all that there is. What a denial rests on is read from the files as they
 * are now, not as they were at the last look.
 */
export function folderFacts(folder: StandaloneFolder): ClusterFacts {
  const facts = objectStoreFacts(folder.store, {
    complete: true,
    mayNameNamespaces: false,
  })

  function lately<T>(
    { fresh, signal }: ReadOptions,
    ask: () => Promise<Fact<T>>,
  ): Promise<Fact<T>> {
    return fresh ? valueBefore(signal, folder.reread().then(ask), () => late) : ask()
  }

  return {
    ...facts,
    secret: (namespace, name, read) =>
      lately(read, () => facts.secret(namespace, name, read)),
    serviceAccount: (namespace, name, read) =>
      lately(read, () => facts.serviceAccount(namespace, name, read)),
    namespace: (name, read) => lately(read, () => facts.namespace(name, read)),
    nodes: (read) => lately(read, () => facts.nodes(read)),
  }
}

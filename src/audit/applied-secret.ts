import type { KubernetesObject } from '../cluster/kubernetes-object.ts'
import { textOrEmpty } from '../cluster/lenient-fields.ts'
import { readSecret } from '../cluster/read-facts.ts'
import { readPullSecret } from '../credentials/pull-secret.ts'
import type { Fact, SecretFacts } from '../prediction/cluster-facts.ts'

/**
 * What a Secret of a file will be beside that of the cluster: keys of `data` are merged and the file's values win. A type never
 * changes, so a file that names another one will be refused, and which of the two the kubelet then finds is open.
 */
export function appliedSecret(
  object: KubernetesObject,
  live: Fact<SecretFacts>,
): Fact<SecretFacts> {
  const own = readSecret(object.fields, object)
  if (live.status === 'absent') return { status: 'known', value: own }
  const namesType = textOrEmpty(object.fields.type) !== ''
  if (live.status === 'unknown') {
    // Whatever else the cluster holds, the one key that the kubelet reads will be the file's.
    const isWhole = namesType && readPullSecret(own).status === 'usable'
    return isWhole ? { status: 'known', value: own } : live
  }
  const { type, data, version } = live.value
  if (namesType && own.type !== type) {
    const reason = 'the file gives it another type than it has in the cluster'
    return { status: 'unknown', reason }
  }
  const merged = readSecret({ type, data: { ...data, ...own.data } }, object)
  // How old a password is shows only in a Secret that stays as it is.
  if (merged.version === version) return live
  return { status: 'known', value: { ...merged, createdAtMs: own.createdAtMs } }
}

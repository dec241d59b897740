import { below, entriesOf, fieldsAt, listOf, textMapOf, textOf } from './json-fields.ts'
import type { Fields } from '../json/fields.ts'
import type {
  NodeSelectorRequirement,
  NodeSelectorTerm,
  Placement,
  Toleration,
} from './workload.ts'

const REQUIRED_AFFINITY = 'requiredDuringSchedulingIgnoredDuringExecution'

/** What a pod spec says about nodes. `path` is the spec's own, for errors. Throws MalformedField. */
export function readPlacement(spec: Fields, path: string, everyNode: boolean): Placement {
  return {
    nodeName: textOf(spec.nodeName, below(path, 'nodeName')) || null,
    nodeSelector: textMapOf(spec.nodeSelector, below(path, 'nodeSelector')),
    requiredNodeAffinity: readRequiredAffinity(spec, path),
    tolerations: entriesOf(spec.tolerations, below(path, 'tolerations')).map(
      ({ fields, path: entryPath }) => readToleration(fields, entryPath),
    ),
    os: textOf(fieldsAt(spec, ['os']).name, below(path, 'os.name')) || null,
    ...(listOf(spec.schedulingGates, below(path, 'schedulingGates')).length > 0
      ? { isGated: true }
      : {}),
    everyNode,
  }
}

/** The placement of what names no nodes at all. */
export function anyPlacement(): Placement {
  return readPlacement({}, '', false)
}

function readRequiredAffinity(spec: Fields, path: string): NodeSelectorTerm[] | null {
  const affinity = fieldsAt(spec, ['affinity', 'nodeAffinity'])
  if (affinity[REQUIRED_AFFINITY] === undefined || affinity[REQUIRED_AFFINITY] === null)
    return null
  const required = fieldsAt(affinity, [REQUIRED_AFFINITY])
  const termsPath = below(path, `affinity.nodeAffinity.${REQUIRED_AFFINITY}`)
  return entriesOf(required.nodeSelectorTerms, below(termsPath, 'nodeSelectorTerms')).map(
    (term) => ({
      matchExpressions: readRequirements(term, 'matchExpressions'),
      matchFields: readRequirements(term, 'matchFields'),
    }),
  )
}

function readRequirements(
  term: { fields: Fields; path: string },
  field: 'matchExpressions' | 'matchFields',
): NodeSelectorRequirement[] {
  return entriesOf(term.fields[field], below(term.path, field)).map(
    ({ fields, path }) => ({
      key: textOf(fields.key, below(path, 'key')),
      operator: textOf(fields.operator, below(path, 'operator')),
      values: listOf(fields.values, below(path, 'values')).map((value, index) =>
        textOf(value, `${below(path, 'values')}[${index}]`),
      ),
    }),
  )
}

function readToleration(fields: Fields, path: string): Toleration {
  const operator = textOf(fields.operator, below(path, 'operator'))
  return {
    key: textOf(fields.key, below(path, 'key')),
    // Lt and Gt are read as Exists: more nodes stay eligible, and more nodes never make a verdict harder.
    operator: operator === '' || operator === 'Equal' ? 'Equal' : 'Exists',
    value: textOf(fields.value, below(path, 'value')),
    effect: textOf(fields.effect, below(path, 'effect')),
  }
}

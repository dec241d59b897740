import type { CustomResourceRule } from '../workload/custom-resource-rule.ts'
import { parsePattern } from '../yaml/path.ts'
import { textThat } from './kinds.ts'
import { listOf, map, optional, required, unset, type Kind } from './schema.ts'

const apiVersion = textThat('apiVersion', (text) =>
  /^(?:[a-z0-9]+(?:[.-][a-z0-9]+)*\/)?(?:[a-z][a-z0-9]*|\*)$/.test(text) && text !== '*'
    ? { value: text }
    : {
        expected:
          'group/version such as argoproj.io/v1alpha1, or group/* for every version',
      },
)

const kindName = textThat('kind', (text) =>
  /^[A-Z][A-Za-z0-9]*$/.test(text)
    ? { value: text }
    : { expected: 'a kind such as Rollout' },
)

// A leading $ is a habit from JSONPath, and no field of Kubernetes.
const fieldPath = textThat('path', (text) =>
  parsePattern(text) !== null && text !== '' && !text.startsWith('$')
    ? { value: text }
    : {
        expected:
          'a dotted path such as spec.template, spec.image or spec.components[*].image',
      },
)

const fields = {
  apiVersion: required(
    apiVersion,
    '',
    'Such as argoproj.io/v1alpha1; group/* for every version.',
  ),
  kind: required(kindName, '', 'Such as Rollout.'),
  podTemplate: unset(
    fieldPath,
    'Dotted path to the pod template, an object with metadata and spec, such as spec.template.',
  ),
  images: optional(
    listOf(fieldPath),
    [],
    'Dotted paths to image strings; [*] is every item, as in spec.components[*].image.',
  ),
}

/** Where custom resources keep their images; each rule names a pod template, image strings, or both. */
export const customResourceRules: Kind<CustomResourceRule[]> = listOf(
  map(fields, ({ podTemplate, images }, report) => {
    if (podTemplate === null && images.length === 0) {
      report('podTemplate', 'is required unless images names at least one path')
    }
  }),
)

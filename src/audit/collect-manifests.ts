import type { KubernetesObject } from '../cluster/kubernetes-object.ts'
import type { CustomResourceRule } from '../workload/custom-resource-rule.ts'
import type { ObjectIdentity, Workload } from '../workload/workload.ts'
import type { YamlError } from '../yaml/documents.ts'
import type { PlaceholderSyntax } from '../yaml/placeholder.ts'
import { streamDocuments } from '../yaml/read-documents.ts'
import type { AuditProblem, Position } from './audit-result.ts'
import { collectDocument } from './collect-document.ts'

export interface ManifestInput {
  /** As the user named it; `-` is standard input. */
  file: string
  content: string | Uint8Array
  /** Somebody has named it as what to judge; what a folder holds may be anything. */
  isNamed?: boolean
}

export interface CollectedWorkload {
  workload: Workload
  /** Where an image of the object, such as `spec.containers[0].image`, is written, or else what should hold it; null without a file. */
  positionOf: (path: string) => Position | null
  /** How reports call it, where that is not what is judged. */
  shownAs?: ObjectIdentity
}

export interface Collection {
  workloads: CollectedWorkload[]
  /** What the files tell of a cluster: a Secret in the same files counts as present. */
  objects: KubernetesObject[]
  problems: AuditProblem[]
  /** Kinds that may name images but that no rule covers, as `Rollout (argoproj.io/v1alpha1)`, with how many there were. */
  unjudged: Map<string, number>
}

export interface CollectOptions {
  rules: readonly CustomResourceRule[]
  /** For objects that name none. */
  namespace: string
}

/** Files and streams come one by one, so that only one of them is in memory as text. */
export interface ManifestCollector {
  add(input: ManifestInput): void
  collection: Collection
}

/** A stream of a whole cluster is large; its files are read up to 64 MiB (commands/inputs). */
const BOUNDS = { maxBytes: 64 * 1024 * 1024, maxDocuments: 100_000 }

/** kubectl creates an object whose label is written twice, with the last value: it is judged, and the line told. */
const READING = { ...BOUNDS, repeatedKeys: 'last-counts' } as const

/** Reads manifests. What cannot be read becomes a problem with its place, and the rest is collected all the same. */
export function createManifestCollector(options: CollectOptions): ManifestCollector {
  const collection: Collection = {
    workloads: [],
    objects: [],
    problems: [],
    unjudged: new Map(),
  }
  return {
    collection,
    add(input) {
      const told = collection.problems.length
      const found = collectInput(input, options, collection)
      // Whatever was to render it has failed, most likely.
      if (input.isNamed === true && found === 0 && collection.problems.length === told) {
        collection.problems.push(problemAt(input.file, NO_OBJECT))
      }
    },
  }
}

const NO_OBJECT: YamlError = {
  message: 'nothing here has an apiVersion and a kind, so there is no object to judge',
  line: 1,
  column: 1,
}

/** Answers how many documents hold objects. */
function collectInput(
  { file, content, isNamed = false }: ManifestInput,
  options: CollectOptions,
  collection: Collection,
): number {
  let found = 0
  let isTemplate = false
  for (const read of streamDocuments(content, READING)) {
    if (!('message' in read)) {
      const place = { file, document: read }
      if (collectDocument({ ...place, isNamed }, options, collection)) found += 1
    } else if (read.placeholder === undefined) {
      collection.problems.push(problemAt(file, read))
    } else if (!isTemplate) {
      isTemplate = true
      collection.problems.push(templateAt(file, read.placeholder))
    }
  }
  return found
}

/** Everything at once. */
export function collectManifests(
  inputs: readonly ManifestInput[],
  options: CollectOptions,
): Collection {
  const collector = createManifestCollector(options)
  for (const input of inputs) collector.add(input)
  return collector.collection
}

function problemAt(file: string, { message, line, column }: YamlError): AuditProblem {
  return { message, position: { file, line, column } }
}

/** A chart's template is no YAML, and a dozen syntax errors would not say so: one line for all of its documents. */
function templateAt(
  file: string,
  { line, column, syntax }: NonNullable<YamlError['placeholder']>,
): AuditProblem {
  const [placeholder, render] = RENDERING[syntax]
  const message = `this is a template that still holds placeholders such as ${placeholder}: render it first, as in ${render} | pullgate check -f -`
  return { message, position: { file, line, column } }
}

const RENDERING: Readonly<Record<PlaceholderSyntax, [placeholder: string, by: string]>> =
  {
    '{{': ['{{ ... }}', 'helm template .'],
    '{%': ['{% ... %}', 'jinja2 FILE'],
    '${': ['${NAME}', 'envsubst < FILE'],
  }

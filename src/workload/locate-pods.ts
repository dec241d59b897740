import { selectPaths } from '../yaml/select-paths.ts'
import type { CustomResourceRule } from './custom-resource-rule.ts'
import { MalformedField, below, fieldsAt, fieldsOf, textOf } from './json-fields.ts'
import type { Fields } from '../json/fields.ts'
import { builtInLayout, customLayout, groupOf } from './workload-kinds.ts'
import type { KindLayout } from './workload-kinds.ts'

/** A pod template (or a Pod itself) inside an object. */
export interface PodLocation {
  /** Has `metadata` and `spec`. */
  template: Fields
  /** Path of the template; empty for a Pod. */
  path: string
}

/** An image string of a custom resource, outside any pod template. */
export interface ImageLocation {
  image: string
  path: string
}

export interface PodLocations {
  apiVersion: string
  kind: string
  layout: KindLayout
  /** Null for the kinds that Kubernetes itself does not have. */
  builtIn: boolean
  pods: PodLocation[]
  images: ImageLocation[]
}

/**
 * Where an object keeps its pod templates and image strings: by the kind for those of Kubernetes, else by every rule that
 * names its apiVersion and kind. Null when it has neither. Throws MalformedField.
 */
export function locatePods(
  object: Fields,
  rules: readonly CustomResourceRule[],
): PodLocations | null {
  const apiVersion = textOf(object.apiVersion, 'apiVersion')
  const kind = textOf(object.kind, 'kind')
  if (apiVersion === '' || kind === '')
    throw new MalformedField('', 'a Kubernetes object with apiVersion and kind')
  const layout = builtInLayout(apiVersion, kind)
  if (layout) {
    const pods = [locateBuiltIn(object, layout)]
    return { apiVersion, kind, layout, builtIn: true, pods, images: [] }
  }
  const own = rules.filter((rule) => ruleMatches(rule, apiVersion, kind))
  const pods = own.flatMap((rule) => locateTemplates(object, rule))
  const images = own.flatMap((rule) => locateImages(object, rule))
  if (pods.length === 0 && images.length === 0) return null
  return { apiVersion, kind, layout: customLayout, builtIn: false, pods, images }
}

/** Whether a rule is for this apiVersion and kind; `group/*` is every version of the group. */
function ruleMatches(
  rule: CustomResourceRule,
  apiVersion: string,
  kind: string,
): boolean {
  if (rule.kind !== kind) return false
  if (!rule.apiVersion.endsWith('/*')) return rule.apiVersion === apiVersion
  return groupOf(rule.apiVersion) === groupOf(apiVersion)
}

function locateBuiltIn(object: Fields, layout: KindLayout): PodLocation {
  const path = layout.podTemplate.join('.')
  const template = fieldsAt(object, layout.podTemplate)
  if (template.spec === undefined || template.spec === null)
    throw new MalformedField(below(path, 'spec'), 'given')
  return { template, path }
}

function locateTemplates(object: Fields, rule: CustomResourceRule): PodLocation[] {
  if (rule.podTemplate === null) return []
  return selectPaths(object, rule.podTemplate)
    .filter(({ value }) => value !== undefined && value !== null)
    .map(({ value, path }) => ({ template: fieldsOf(value, path), path }))
}

/** Empty strings are left out: to a custom resource they mean the controller's own default. */
function locateImages(object: Fields, rule: CustomResourceRule): ImageLocation[] {
  return rule.images
    .flatMap((pattern) => selectPaths(object, pattern))
    .map(({ value, path }) => ({ image: textOf(value, path), path }))
    .filter(({ image }) => image !== '')
}

import type { MutatingWebhookFacts } from '../prediction/cluster-facts.ts'
import type { Fields } from '../json/fields.ts'
import { matchesSelector } from './label-selector.ts'
import { fieldsList, fieldsOrEmpty, textList, textOrEmpty } from './lenient-fields.ts'

/**
 * The webhooks of a MutatingWebhookConfiguration that may be called for CREATE of a Pod in a namespace with these labels
 * (null: not known, then every namespaceSelector may match). objectSelector and matchConditions look at the Pod, which is not
 * made yet, so they may match too: one webhook too many only softens a verdict.
 */
export function webhooksHandlingPods(
  configuration: Fields,
  namespaceLabels: Record<string, string> | null,
): MutatingWebhookFacts[] {
  const name = textOrEmpty(fieldsOrEmpty(configuration.metadata).name)
  return fieldsList(configuration.webhooks)
    .filter(
      (webhook) =>
        fieldsList(webhook.rules).some(coversPods) &&
        (namespaceLabels === null ||
          matchesSelector(fieldsOrEmpty(webhook.namespaceSelector), namespaceLabels)),
    )
    .map((webhook) => ({
      configuration: name,
      webhook: textOrEmpty(webhook.name),
      handlesPods: true,
    }))
}

function coversPods(rule: Fields): boolean {
  return (
    includes(rule.operations, 'CREATE') &&
    includes(rule.apiGroups, '') &&
    includes(rule.apiVersions, 'v1') &&
    textList(rule.resources).some(coversPodResource) &&
    rule.scope !== 'Cluster'
  )
}

function includes(field: unknown, value: string): boolean {
  const values = textList(field)
  return values.includes(value) || values.includes('*')
}

/** The API server splits `resource/subresource`, so a subresource of `*` covers the Pod itself too and `pods/status` does not. */
function coversPodResource(pattern: string): boolean {
  const [resource, subresource = ''] = pattern.split('/')
  return (
    (resource === '*' || resource === 'pods') &&
    (subresource === '' || subresource === '*')
  )
}

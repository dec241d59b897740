import type { ImageUse, Workload } from './workload.ts'
import { builtInLayout } from './workload-kinds.ts'

const OPENSHIFT_TRIGGERS = 'image.openshift.io/triggers'

// `{{ .Values.image }}`, `{{inputs.parameters.image}}` (Argo), `$(params.image)` (Tekton), `${IMAGE}`, `$IMAGE`, `<image>`.
const TEMPLATE_VARIABLE = /\{\{|\$[({A-Za-z_]|<[^>]*>/

/**
 * Why an image string is not the one that will be pulled, as a full sentence; null when it is. Something in the cluster
 * fills it in later, so that the string as it stands must not be denied.
 */
export function imagePlaceholderReason(workload: Workload, use: ImageUse): string | null {
  if (/^\s+$/.test(use.image))
    return 'A blank image is a placeholder that OpenShift fills in from an image stream.'
  if (OPENSHIFT_TRIGGERS in workload.annotations)
    return `The annotation ${OPENSHIFT_TRIGGERS} lets OpenShift replace the image.`
  if (use.image === 'auto' && isIstioInjected(workload))
    return 'Istio replaces the image "auto" when it injects its proxy.'
  if (use.image === '' && use.role === 'volume' && workload.form !== 'pod')
    return 'The image of this volume is left empty for something else to fill in.'
  if (isCustomResource(workload) && TEMPLATE_VARIABLE.test(use.image))
    return `The controller of ${workload.object.kind} resources may fill in the variable in this image.`
  return null
}

/** As Istio documents it for gateways: an injection label or an injection template on the Pod. */
function isIstioInjected({ podLabels, podAnnotations }: Workload): boolean {
  return (
    podLabels['sidecar.istio.io/inject'] === 'true' ||
    podAnnotations['sidecar.istio.io/inject'] === 'true' ||
    'istio.io/rev' in podLabels ||
    'inject.istio.io/templates' in podAnnotations
  )
}

function isCustomResource({ object }: Workload): boolean {
  return builtInLayout(object.apiVersion, object.kind) === null
}

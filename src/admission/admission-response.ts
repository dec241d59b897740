/** The response half of an AdmissionReview (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response). */
export interface AdmissionResponse {
  /** That of the request. */
  uid: string
  allowed: boolean
  /** Only on a denial. Without `code` and `reason` kubectl prints no reason at all. */
  status?: { code: 403; reason: 'Forbidden'; message: string }
  warnings?: string[]
  /** The API server puts the webhook's name and a slash before each key. */
  auditAnnotations?: Record<string, string>
}

/** What is sent back for an AdmissionReview. */
export interface AdmissionReviewBody {
  apiVersion: 'admission.k8s.io/v1'
  kind: 'AdmissionReview'
  response: AdmissionResponse
}

/** The envelope, with empty lists and maps left out. */
export function reviewBody(response: AdmissionResponse): AdmissionReviewBody {
  const { warnings, auditAnnotations, ...rest } = response
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      ...rest,
      ...(warnings === undefined || warnings.length === 0 ? {} : { warnings }),
      ...(auditAnnotations === undefined || Object.keys(auditAnnotations).length === 0
        ? {}
        : { auditAnnotations }),
    },
  }
}

import { randomUUID } from 'node:crypto'

/** The parts of an object that an AdmissionReview repeats. */
export interface AppliedObject {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace: string }
}

/** What an API server sends for `kubectl apply` of a new object: admission.k8s.io/v1, operation CREATE. */
export function asAdmissionReview(object: AppliedObject): object {
  const [group, version] = splitApiVersion(object.apiVersion)
  const kind = { group, version, kind: object.kind }
  const resource = { group, version, resource: `${object.kind.toLowerCase()}s` }
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: randomUUID(),
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name: object.metadata.name,
      namespace: object.metadata.namespace,
      operation: 'CREATE',
      userInfo: { username: 'developer', groups: ['system:authenticated'] },
      object,
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  }
}

function splitApiVersion(apiVersion: string): [string, string] {
  const slash = apiVersion.indexOf('/')
  return slash === -1
    ? ['', apiVersion]
    : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)]
}

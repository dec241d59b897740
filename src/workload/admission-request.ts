import { isFields } from '../json/fields.ts'
import { MalformedField, fieldsOf, listOf, textOf } from './json-fields.ts'
import type { Fields } from '../json/fields.ts'

export interface GroupVersionKind {
  group: string
  version: string
  kind: string
}

export interface GroupVersionResource {
  group: string
  version: string
  resource: string
}

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

/** The request of an admission.k8s.io/v1 AdmissionReview, as far as we use it. */
export interface AdmissionRequest {
  uid: string
  kind: GroupVersionKind
  resource: GroupVersionResource
  /** Such as `ephemeralcontainers`; empty for the object itself. */
  subResource: string
  /** What the client sent, where the API server converted it for us; null when not given. */
  requestKind: GroupVersionKind | null
  /** Empty when the name is not known yet. */
  name: string
  /** Empty for objects without a namespace. */
  namespace: string
  operation: Operation
  userInfo: { username: string; groups: string[] }
  /** Absent on DELETE. */
  object: unknown
  /** Null on CREATE. */
  oldObject: unknown
  dryRun: boolean
  options: unknown
}

export type AdmissionReviewResult =
  | { status: 'request'; request: AdmissionRequest }
  /** `reason` says what is wrong with the body, without quoting it. */
  | { status: 'invalid'; reason: string }

/** Reads the body of a webhook call. Never throws, whatever the JSON. */
export function readAdmissionReview(body: unknown): AdmissionReviewResult {
  try {
    return { status: 'request', request: readReview(body) }
  } catch (error) {
    if (error instanceof MalformedField)
      return { status: 'invalid', reason: `not an AdmissionReview: ${error.message}` }
    throw error
  }
}

function readReview(body: unknown): AdmissionRequest {
  if (!isFields(body)) throw new MalformedField('', 'an AdmissionReview')
  if (body.kind !== 'AdmissionReview')
    throw new MalformedField('kind', '"AdmissionReview"')
  if (body.apiVersion === 'admission.k8s.io/v1beta1')
    throw new MalformedField(
      'apiVersion',
      '"admission.k8s.io/v1", not v1beta1: set admissionReviewVersions: [v1] in the webhook configuration',
    )
  if (body.apiVersion !== 'admission.k8s.io/v1')
    throw new MalformedField('apiVersion', '"admission.k8s.io/v1"')
  if (!isFields(body.request)) throw new MalformedField('request', 'an object')
  return readRequest(body.request)
}

function readRequest(request: Fields): AdmissionRequest {
  return {
    uid: givenText(request.uid, 'request.uid'),
    kind: readKind(request.kind, 'request.kind'),
    resource: readResource(request.resource),
    subResource: textOf(request.subResource, 'request.subResource'),
    requestKind: isFields(request.requestKind)
      ? readKind(request.requestKind, 'request.requestKind')
      : null,
    name: textOf(request.name, 'request.name'),
    namespace: textOf(request.namespace, 'request.namespace'),
    operation: readOperation(request.operation),
    userInfo: readUser(request.userInfo),
    object: request.object,
    oldObject: request.oldObject,
    dryRun: request.dryRun === true,
    options: request.options,
  }
}

function readKind(value: unknown, path: string): GroupVersionKind {
  const fields = fieldsOf(value, path)
  return {
    group: textOf(fields.group, `${path}.group`),
    version: textOf(fields.version, `${path}.version`),
    kind: givenText(fields.kind, `${path}.kind`),
  }
}

function readResource(value: unknown): GroupVersionResource {
  const fields = fieldsOf(value, 'request.resource')
  return {
    group: textOf(fields.group, 'request.resource.group'),
    version: textOf(fields.version, 'request.resource.version'),
    resource: givenText(fields.resource, 'request.resource.resource'),
  }
}

function readUser(value: unknown): AdmissionRequest['userInfo'] {
  const fields = fieldsOf(value, 'request.userInfo')
  const groups = listOf(fields.groups, 'request.userInfo.groups')
  return {
    username: textOf(fields.username, 'request.userInfo.username'),
    groups: groups.map((group) => textOf(group, 'request.userInfo.groups')),
  }
}

function readOperation(value: unknown): Operation {
  switch (value) {
    case 'CREATE':
    case 'UPDATE':
    case 'DELETE':
    case 'CONNECT':
      return value
    default:
      throw new MalformedField('request.operation', 'CREATE, UPDATE, DELETE or CONNECT')
  }
}

function givenText(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '')
    throw new MalformedField(path, 'a string that is not empty')
  return value
}

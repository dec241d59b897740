import type {
  BundleReading,
  CertificateStore,
  SecretReading,
  StoreWrite,
} from '../certificates/certificate-store.ts'
import type { Fields } from '../json/fields.ts'
import type { ApiAnswer, ApiClient, ApiWriteAnswer } from './api-client.ts'
import { fieldsList, fieldsOrEmpty, textMap, textOrEmpty } from './lenient-fields.ts'
import type { ObjectIdentity } from './read-facts.ts'

export interface KubernetesCertificateStoreOptions {
  client: ApiClient
  secret: ObjectIdentity
  /** Name of the ValidatingWebhookConfiguration; all of its webhooks get the same caBundle. */
  configuration: string
}

const CONFIGURATIONS =
  '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'

/** The Secret and the webhook configuration of a live cluster. Needs get, create and patch on the one, get and patch on the other. */
export function kubernetesCertificateStore(
  options: KubernetesCertificateStoreOptions,
): CertificateStore {
  const { client, secret } = options
  const secrets = `/api/v1/namespaces/${secret.namespace}/secrets`
  const secretPath = `${secrets}/${secret.name}`
  const secretName = `the Secret ${secret.namespace}/${secret.name}`
  const configurationPath = `${CONFIGURATIONS}/${options.configuration}`
  const configurationName = `the ValidatingWebhookConfiguration ${options.configuration}`
  /** Of the last reading: a patch names the webhooks that it is about. */
  let webhookNames: string[] = []

  return {
    async readSecret() {
      const answer = await client.get({ path: secretPath })
      if (answer.status !== 'ok') return unread(answer, 'get', secretName)
      return toSecret(answer.object)
    },
    async createSecret(data) {
      const answer = await client.create(secrets, {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'kubernetes.io/tls',
        metadata: {
          ...secret,
          labels: {
            'app.kubernetes.io/name': 'pullgate',
            'app.kubernetes.io/managed-by': 'pullgate',
          },
        },
        data: toBase64(data),
      })
      return toWrite(answer, 'create', secretName)
    },
    async updateSecret(data, version) {
      const patch = { metadata: { resourceVersion: version }, data: toBase64(data) }
      const answer = await client.patch(secretPath, 'merge-patch', patch)
      return toWrite(orChanged(answer), 'patch', secretName)
    },
    async readBundle() {
      const answer = await client.get({ path: configurationPath })
      if (answer.status !== 'ok') return unread(answer, 'get', configurationName)
      const webhooks = fieldsList(answer.object.webhooks)
      webhookNames = webhooks.map(({ name }) => textOrEmpty(name))
      return toBundles(answer.object, webhooks)
    },
    async patchBundle(bundle, version) {
      const caBundle = Buffer.from(bundle).toString('base64')
      // Strategic: entries are merged by name, and nothing but caBundle changes.
      const answer = await client.patch(configurationPath, 'strategic-merge-patch', {
        metadata: { resourceVersion: version },
        webhooks: webhookNames.map((name) => ({ name, clientConfig: { caBundle } })),
      })
      return toWrite(orChanged(answer), 'patch', configurationName)
    },
  }
}

function toSecret(object: Fields): SecretReading {
  const data = Object.entries(textMap(object.data)).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64').toString('utf8'),
  ])
  return { status: 'found', data: Object.fromEntries(data), version: versionOf(object) }
}

function toBundles(object: Fields, webhooks: Fields[]): BundleReading {
  const bundles = webhooks.map(({ clientConfig }) =>
    Buffer.from(textOrEmpty(fieldsOrEmpty(clientConfig).caBundle), 'base64').toString(),
  )
  return { status: 'found', bundles, version: versionOf(object) }
}

function versionOf(object: Fields): string {
  return textOrEmpty(fieldsOrEmpty(object.metadata).resourceVersion)
}

function toBase64(
  data: Readonly<Record<string, string | null>>,
): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      value === null ? null : Buffer.from(value).toString('base64'),
    ]),
  )
}

function unread(
  answer: Exclude<ApiAnswer, { status: 'ok' }>,
  verb: string,
  name: string,
): { status: 'absent' } | { status: 'failed'; reason: string } {
  if (answer.status === 'not-found') return { status: 'absent' }
  const reason =
    answer.status === 'failed' ? answer.reason : 'the API server answered 410'
  return failure(reason, verb, name)
}

/** What is gone since it was read has changed since it was read. */
function orChanged(answer: ApiWriteAnswer): ApiWriteAnswer {
  return answer.status === 'not-found' ? { status: 'conflict' } : answer
}

function toWrite(answer: ApiWriteAnswer, verb: string, name: string): StoreWrite {
  if (answer.status === 'ok') return { status: 'written' }
  if (answer.status === 'conflict') return answer
  const isGone = answer.status === 'not-found'
  return failure(isGone ? 'there is no such namespace' : answer.reason, verb, name)
}

function failure(
  reason: string,
  verb: string,
  name: string,
): { status: 'failed'; reason: string } {
  const words =
    reason === 'forbidden'
      ? `RBAC forbids "${verb}" on ${name}: grant the verb to the service account`
      : `"${verb}" on ${name}: ${reason}`
  return { status: 'failed', reason: words }
}

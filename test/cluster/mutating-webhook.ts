import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import type { Teardown } from '../support/token-server.ts'
import type { ControlPlane } from './control-plane.ts'
import { mustRun } from './release.ts'

/** Namespaces with this label are the webhook's. */
export const MUTATED = { 'acme.test/mutated': 'yes' }

interface Review {
  request: {
    uid: string
    object: {
      metadata: { annotations?: Record<string, string> }
      spec: { containers: { image: string }[] }
    }
  }
}

/**
 * A mutating webhook for Pods of labelled Namespaces, as mirrors and injectors have them: it writes images anew (`from` to `to`)
 * and adds the pull secret that the annotation `acme.test/pull-secret` names.
 */
export async function installMutatingWebhook(
  t: Teardown,
  plane: ControlPlane,
  images: Readonly<Record<string, string>>,
): Promise<void> {
  const nowMs = Date.now()
  const tls = await createSelfSigned({ hosts: ['127.0.0.1'], nowMs, validDays: 1 })
  const server = createServer({ key: tls.key, cert: tls.cert }, (request, response) => {
    void answer(request, response, images)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  })
  const { port } = server.address() as AddressInfo
  const caBundle = Buffer.from(tls.ca).toString('base64')
  await mustRun(plane, ['create', '-f', '-'], [configuration(port, caBundle)])
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  images: Readonly<Record<string, string>>,
): Promise<void> {
  // What the API server sends is its contract.
  const review = (await json(request)) as Review
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(answerTo(review, images)))
}

function configuration(port: number, caBundle: string): object {
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'] }
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'acme-images' },
    webhooks: [
      {
        name: 'images.acme.test',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        clientConfig: { url: `https://127.0.0.1:${port}/mutate`, caBundle },
        namespaceSelector: { matchLabels: MUTATED },
        rules: [{ ...rule, resources: ['pods'] }],
      },
    ],
  }
}

function answerTo(
  { request: { uid, object } }: Review,
  images: Readonly<Record<string, string>>,
): object {
  const patch: object[] = []
  for (const [index, { image }] of object.spec.containers.entries()) {
    const value = images[image]
    const path = `/spec/containers/${index}/image`
    if (value !== undefined) patch.push({ op: 'replace', path, value })
  }
  const name = object.metadata.annotations?.['acme.test/pull-secret']
  if (name !== undefined)
    patch.push({ op: 'add', path: '/spec/imagePullSecrets', value: [{ name }] })
  const response = {
    uid,
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
  }
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }
}

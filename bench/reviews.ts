import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'

// AdmissionReviews as a real API server sends them: test/recordings has one, with other images.

const recorded = readFileSync(
  new URL('../test/recordings/pod-create.json', import.meta.url),
  'utf8',
)

interface Recorded {
  request: {
    namespace: string
    object: {
      metadata: { namespace: string }
      spec: { containers: object[]; imagePullSecrets?: { name: string }[] }
    }
  }
}

export const NAMESPACE = 'team-a'

export interface PodOptions {
  namespace?: string | undefined
  /** Names of the pull Secrets that the Pod itself has. */
  pullSecrets?: readonly string[]
}

export function podReview(
  images: readonly string[],
  { namespace = NAMESPACE, pullSecrets = [] }: PodOptions = {},
): object {
  const review = JSON.parse(recorded) as Recorded
  const { object } = review.request
  const [first = {}] = object.spec.containers
  review.request.namespace = namespace
  object.metadata.namespace = namespace
  object.spec.containers = images.map((image, index) => ({
    ...first,
    name: `c${index}`,
    image,
  }))
  if (pullSecrets.length > 0)
    object.spec.imagePullSecrets = pullSecrets.map((name) => ({ name }))
  return review
}

/** One review at a time; how long it took, in milliseconds. Throws where it was not allowed. */
export type Sender = (images: readonly string[], namespace?: string) => Promise<number>

export function createSender(
  port: number,
  ca: string,
): { send: Sender; close: () => Promise<void> } {
  const agent = new Agent({ connect: { ca }, allowH2: false })
  return {
    async send(images, namespace) {
      const body = JSON.stringify(podReview(images, { namespace }))
      const startMs = performance.now()
      const answer = await request(`https://127.0.0.1:${port}/validate?timeout=10s`, {
        method: 'POST',
        dispatcher: agent,
        headers: { 'content-type': 'application/json' },
        body,
      })
      const text = await answer.body.text()
      if (!text.includes('"allowed":true')) throw new Error(text)
      return performance.now() - startMs
    },
    close: () => agent.close(),
  }
}

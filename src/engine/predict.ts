import { objectStoreFacts, createObjectStore } from '../cluster/object-store.ts'
import { readKubernetesObjects } from '../cluster/kubernetes-object.ts'
import type { Configuration } from '../configuration/configuration.ts'
import { defaultConfiguration } from '../configuration/read-configuration.ts'
import type { ImagePrediction } from '../prediction/prediction.ts'
import { silentObserver } from '../registry/registry-observer.ts'
import { readWorkload } from '../workload/read-workload.ts'
import { createEngine } from './create-engine.ts'

export interface PredictOptions {
  /** Parsed JSON of dockerconfigjson pull secrets, in the order of a Pod's list. */
  dockerConfigs?: unknown[]
  /** Anything that differs from the defaults of the configuration. */
  configuration?: Partial<Configuration>
  /** HTTP_PROXY and the like; empty unless given. */
  env?: Readonly<Record<string, string | undefined>>
  signal?: AbortSignal
}

const NAMESPACE = 'default'

/**
 * Whether a container runtime will get an image with these pull secrets: one Pod in an otherwise empty cluster. Makes its own
 * connections and closes them; programs with many images rather use the command line's `check`, or createRegistryClient.
 * Never rejects for what a registry or a network does; a fault of ours makes the image Unverified.
 */
export async function predict(
  image: string,
  options: PredictOptions = {},
): Promise<ImagePrediction> {
  const configuration = { ...defaultConfiguration(), ...options.configuration }
  const secrets = (options.dockerConfigs ?? []).map((config, index) =>
    secretOf(config, `pull-secret-${index + 1}`),
  )
  const store = createObjectStore(
    secrets.flatMap((secret) => readKubernetesObjects(secret)),
  )
  const engine = await createEngine({
    configuration,
    facts: objectStoreFacts(store, { complete: true, mayNameNamespaces: true }),
    observer: silentObserver,
    env: options.env ?? {},
    onFault() {},
    onNotice() {},
  })
  try {
    const signal = AbortSignal.any([
      AbortSignal.timeout(configuration.deadlineMs),
      ...(options.signal ? [options.signal] : []),
    ])
    const pod = podOf(
      image,
      secrets.map(({ metadata }) => metadata.name),
    )
    const read = readWorkload(pod, [])
    if (read.status !== 'workload') throw new TypeError('a Pod of ours is a workload')
    const { workload } = read
    const [prediction] = await engine.predictor.predict({
      workload,
      images: workload.images,
      signal,
    })
    if (prediction === undefined) throw new TypeError('one image gives one prediction')
    return prediction
  } finally {
    await engine.close()
  }
}

function secretOf(config: unknown, name: string) {
  const text = JSON.stringify(config) ?? 'null'
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: NAMESPACE },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(text).toString('base64') },
  }
}

function podOf(image: string, pullSecrets: readonly string[]): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'predict', namespace: NAMESPACE },
    spec: {
      imagePullSecrets: pullSecrets.map((name) => ({ name })),
      containers: [{ name: 'image', image }],
    },
  }
}

import { objectStoreFacts, createObjectStore } from '../../src/cluster/object-store.ts'
import { readKubernetesObjects } from '../../src/cluster/kubernetes-object.ts'
import { defaultConfiguration } from '../../src/configuration/read-configuration.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import { decide } from '../../src/policy/decide.ts'
import type { Action } from '../../src/policy/action.ts'
import type { CauseCode } from '../../src/prediction/causes.ts'
import { silentObserver } from '../../src/registry/registry-observer.ts'
import { readWorkload } from '../../src/workload/read-workload.ts'
import type { Teardown } from '../support/token-server.ts'
import type { Verdict } from './scenario.ts'
import type { Stage, World } from './world.ts'

/** What Pullgate says to a Pod. */
export interface Opinion {
  action: Action
  cause: CauseCode | null
  /** Action and cause in one. */
  verdict: Verdict
  message: string
}

const TIMEOUT_MS = 20_000

/**
 * Pullgate in a cluster of one linux/amd64 node with this version of containerd, that is seen as a whole; the namespaces are
 * old, and everything is asked as for a bare Pod with imagePullPolicy Always.
 */
export async function startPullgate(
  t: Teardown,
  { hostsDirectory, stages }: World,
  version: string,
): Promise<(stage: Stage) => Promise<Opinion>> {
  const objects = [nodeWith(version), ...stages.flatMap(objectsOf)]
  const store = createObjectStore(objects.flatMap((each) => readKubernetesObjects(each)))
  const configuration = {
    ...defaultConfiguration(),
    hostsDirectory,
    verifyIndexes: true,
    deadlineMs: TIMEOUT_MS,
    network: { allow: ['127.0.0.0/8'], deny: [] },
  }
  const engine = await createEngine({
    configuration,
    facts: objectStoreFacts(store, { complete: true, mayNameNamespaces: true }),
    observer: silentObserver,
    env: {},
    onFault(error) {
      throw error
    },
    onNotice() {},
  })
  t.teardown(() => engine.close())
  return async (stage) => {
    const read = readWorkload(podOf(stage), [])
    if (read.status !== 'workload') throw new Error('a Pod of ours is a workload')
    const { workload } = read
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const { images } = workload
    const predictions = await engine.predictor.predict({ workload, images, signal })
    const settings = configuration
    const decision = decide({
      predictions,
      workload,
      mode: 'enforce',
      settings,
      ceilings: [],
    })
    const leading = decision.images[0]?.leading ?? null
    if (leading === null)
      return { action: 'allow', cause: null, verdict: 'allow', message: '' }
    const { action, finding } = leading
    const { cause, message, doubts } = finding
    const verdict = action === 'allow' ? action : (`${action} ${cause}` as const)
    return { action, cause, verdict, message: [message, ...doubts].join(' ') }
  }
}

function nodeWith(version: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: 'node-1',
      labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
    },
    status: {
      conditions: [{ type: 'Ready', status: 'True' }],
      nodeInfo: {
        operatingSystem: 'linux',
        architecture: 'amd64',
        containerRuntimeVersion: `containerd://${version}`,
        kubeletVersion: 'v1.34.0',
      },
    },
  }
}

function objectsOf({ namespace, secrets }: Stage): object[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, creationTimestamp: '2024-01-01T00:00:00Z' },
    },
    ...secrets.flatMap(({ name, content }) =>
      content === null
        ? []
        : [
            {
              apiVersion: 'v1',
              kind: 'Secret',
              metadata: { name, namespace },
              type: content.type,
              data: {
                '.dockerconfigjson': Buffer.from(content.text).toString('base64'),
              },
            },
          ],
    ),
  ]
}

function podOf({ image, namespace, secrets }: Stage): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'pod', namespace },
    spec: {
      imagePullSecrets: secrets.map(({ name }) => ({ name })),
      containers: [{ name: 'image', image, imagePullPolicy: 'Always' }],
    },
  }
}

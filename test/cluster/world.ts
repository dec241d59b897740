import { createServer, type AddressInfo, type Socket } from 'node:net'
import { demoConfiguration } from '../../src/demo/demo-configuration.ts'
import { startDemoRegistry, type DemoRegistry } from '../../src/demo/demo-registry.ts'
import { parse } from 'yaml'
import type { Teardown } from '../support/token-server.ts'
import type { Binaries } from './binaries.ts'
import {
  startControlPlane,
  type ControlPlane,
  type KubectlOptions,
  type KubectlResult,
} from './control-plane.ts'
import { REWRITTEN } from './cases/mutating.ts'
import { installMutatingWebhook } from './mutating-webhook.ts'
import { nodeOf } from './objects.ts'
import { createRelease, mustRun, type Release, type Replica } from './release.ts'

/** A cluster with Pullgate in it, and registries that it can reach. */
export interface World {
  plane: ControlPlane
  release: Release
  replica: Replica
  registry: DemoRegistry
  /** Takes connections, and never says a word. */
  silentUrl: string
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult>
  /** `kubectl apply -f -` in a namespace. */
  apply(
    namespace: string,
    objects: readonly object[],
    args?: readonly string[],
  ): Promise<KubectlResult>
  /** The same by one whom the configuration exempts: what was there before Pullgate came, or before an image went. */
  applyUnjudged(namespace: string, objects: readonly object[]): Promise<void>
  /** A Namespace with its default service account, which Pods need. */
  namespace(name: string, labels?: Readonly<Record<string, string>>): Promise<string>
  /** Resolves when so many Pods with the label app=NAME are stored. */
  pods(namespace: string, app: string, count: number): Promise<StoredPod[]>
}

export interface StoredPod {
  metadata: { name: string; ownerReferences?: { kind: string }[] }
  spec: {
    containers: { image: string }[]
    imagePullSecrets?: { name: string }[]
  }
}

const EXEMPT_USER = 'before-pullgate'

export async function createWorld(t: Teardown, binaries: Binaries): Promise<World> {
  const plane = await startControlPlane(t, binaries)
  const registry = await startDemoRegistry()
  t.teardown(() => registry.close())
  const slow = await startSilentServer(t)
  await mustRun(plane, ['create', '-f', '-'], [nodeOf('node-1'), nodeOf('node-2')])
  for (const name of ['node-1', 'node-2'])
    // What the controller that is not here does once a Node is ready.
    await mustRun(plane, ['taint', 'node', name, 'node.kubernetes.io/not-ready-'])
  const release = await createRelease(t, plane, {
    overlay: 'enforce',
    configuration: configuration(registry, slow),
    failurePolicy: 'Fail',
    tag: '0.1.0',
  })
  await installMutatingWebhook(t, plane, REWRITTEN)
  await release.apply()
  const replica = await release.startReplica(t)
  release.service.setEndpoints([replica.port])
  return {
    plane,
    release,
    replica,
    registry,
    silentUrl: `https://127.0.0.1:${slow.port}`,
    kubectl: (args, options) => plane.kubectl(args, options),
    apply: (namespace, objects, args = []) =>
      plane.kubectl(['apply', '-n', namespace, '-f', '-', ...args], { input: objects }),
    async applyUnjudged(namespace, objects) {
      const as = [`--as=${EXEMPT_USER}`, '--as-group=system:masters']
      await mustRun(plane, ['apply', '-n', namespace, '-f', '-', ...as], objects)
    },
    async namespace(name, labels = {}) {
      const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
      await mustRun(plane, ['create', '-f', '-'], [object])
      await mustRun(plane, ['wait', '--for=create', '-n', name, 'sa/default'])
      return name
    },
    pods: (namespace, app, count) => podsOf(plane, namespace, app, count),
  }
}

function configuration(registry: DemoRegistry, slow: URL): object {
  const demo = parse(demoConfiguration(registry)) as { registries: object[] }
  return {
    ...demo,
    registries: [...demo.registries, { host: 'slow.acme.test', endpoint: slow.origin }],
    exempt: { namespaces: ['kube-system', 'exempt-*'], users: [EXEMPT_USER] },
  }
}

/** Takes every connection and never answers. */
async function startSilentServer(t: Teardown): Promise<URL> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket.on('error', () => {}).once('close', () => open.delete(socket)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of open) socket.destroy()
    await closed
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

async function podsOf(
  plane: ControlPlane,
  namespace: string,
  app: string,
  count: number,
): Promise<StoredPod[]> {
  const deadline = AbortSignal.timeout(60_000)
  while (true) {
    const which = ['-n', namespace, '-l', `app=${app}`]
    const { stdout } = await mustRun(plane, ['get', 'pods', ...which, '-o', 'json'])
    const { items } = JSON.parse(stdout) as { items: StoredPod[] }
    if (items.length === count) return items
    if (deadline.aborted) throw new Error(`${items.length} Pods instead of ${count}`)
  }
}

import { median } from '../page.ts'
import type { Page } from '../page.ts'
import type { Mapped, World } from '../world.ts'
import { imagesOf } from './throughput.ts'

const RUNS = 3
const CONTAINERS = [1, 10, 50, 100]
const SECRETS = [1, 100, 1_000, 10_000]
const NODES = [10, 100, 1_000, 5_000]
const LOGIN = Buffer.from(
  JSON.stringify({
    auths: { 'quick.acme.test': { username: 'ann', password: 'secret' } },
  }),
).toString('base64')

/** g: how the cost of a warm review grows with the object and with the cluster. One review at a time. */
export async function growth(page: Page, world: World, quick: Mapped): Promise<void> {
  page.say('## How cost grows, warm, one review at a time (g)')
  page.say()
  const table = page.table(['Of what', 'How many', 'p50', 'CPU'])
  const small = await world.startWebhook({ registries: [quick] })
  const measure = async (
    served: typeof small,
    { what, many, images }: { what: string; many: number; images: number },
  ): Promise<void> => {
    await world.load(served, imagesOf(images), { seconds: 2 })
    const runs: { p50Ms: number; cpuMs: number }[] = []
    for (let run = 0; run < RUNS; run++) {
      const before = served.cpuMs()
      const { p50Ms, sent } = await world.load(served, imagesOf(images), {
        connections: 1,
      })
      runs.push({ p50Ms, cpuMs: (served.cpuMs() - before) / sent })
    }
    const p50Ms = median(runs.map((run) => run.p50Ms))
    const cpuMs = median(runs.map((run) => run.cpuMs))
    table.row(what, many, `${p50Ms.toFixed(2)} ms`, `${cpuMs.toFixed(2)} ms`)
  }
  for (const many of CONTAINERS)
    await measure(small, { what: 'containers', many, images: many })
  small.stop()
  for (const many of SECRETS) {
    const served = await world.startWebhook({
      registries: [quick],
      cluster: secrets(many),
    })
    await measure(served, { what: 'Secrets in the namespace, one used', many, images: 1 })
    served.stop()
  }
  for (const many of NODES) {
    const served = await world.startWebhook({ registries: [quick], cluster: nodes(many) })
    await measure(served, { what: 'Nodes', many, images: 1 })
    served.stop()
  }
  table.end()
}

function secrets(count: number): object[] {
  const namespace = 'team-a'
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace },
    imagePullSecrets: [{ name: 'secret-0' }],
  }
  const all = Array.from({ length: count }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/dockerconfigjson',
    metadata: { name: `secret-${index}`, namespace },
    data: { '.dockerconfigjson': LOGIN },
  }))
  return [account, ...all]
}

function nodes(count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: `node-${index}`,
      labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
    },
    status: {
      nodeInfo: {
        operatingSystem: 'linux',
        architecture: 'amd64',
        containerRuntimeVersion: 'containerd://2.1.4',
      },
      images: Array.from({ length: 20 }, (__, image) => ({
        names: [`quick.acme.test/team/other-${image}:1`],
      })),
    },
  }))
}

import { startApiServer } from '../api-server.ts'
import { median } from '../page.ts'
import type { Page } from '../page.ts'
import type { Mapped, World } from '../world.ts'
import { imagesOf } from './throughput.ts'

const RUNS = 3
const CONTAINERS = [1, 10, 50, 100]
const SECRETS = [1, 100, 1_000, 10_000]
const PULL_SECRETS = [1, 10, 100]
const NODES = [10, 100, 1_000, 5_000]

/** g: how the cost of a warm review grows with the object and with the cluster. One review at a time. */
export async function growth(page: Page, world: World, quick: Mapped): Promise<void> {
  page.say('## How cost grows, warm, one review at a time (g)')
  page.say()
  const table = page.table(['Of what', 'How many', 'p50', 'CPU'])
  const small = await world.startWebhook({ registries: [quick] })
  const measure = async (
    served: typeof small,
    { what, many, images = 1, pullSecrets = [] }: Measured,
  ): Promise<void> => {
    await world.load(served, imagesOf(images), { seconds: 2, pullSecrets })
    const runs: { p50Ms: number; cpuMs: number }[] = []
    for (let run = 0; run < RUNS; run++) {
      const before = served.cpuMs()
      const { p50Ms, sent } = await world.load(served, imagesOf(images), {
        connections: 1,
        pullSecrets,
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
    await measure(served, { what: 'Secrets in the namespace, one used', many })
    served.stop()
  }
  const withSecrets = await world.startWebhook({
    registries: [quick],
    cluster: secrets(Math.max(...PULL_SECRETS)),
  })
  for (const many of PULL_SECRETS) {
    const pullSecrets = Array.from({ length: many }, (_, index) => `secret-${index}`)
    await measure(withSecrets, { what: 'pull Secrets of the Pod', many, pullSecrets })
  }
  withSecrets.stop()
  for (const many of NODES) {
    // From an API server: nobody keeps that many in a folder.
    const cluster = await startApiServer(world, { nodes: many })
    const served = await world.startWebhook({ registries: [quick], cluster })
    await measure(served, { what: 'Nodes of a cluster', many })
    served.stop()
  }
  table.end()
}

interface Measured {
  what: string
  many: number
  images?: number
  pullSecrets?: string[]
}

/** The first is a login at the registry that is asked, the others are for others. */
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
    data: { '.dockerconfigjson': loginAt(index === 0 ? 'quick' : `other-${index}`) },
  }))
  return [account, ...all]
}

function loginAt(name: string): string {
  const auths = { [`${name}.acme.test`]: { username: 'ann', password: 'secret' } }
  return Buffer.from(JSON.stringify({ auths })).toString('base64')
}

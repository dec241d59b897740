import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { createSelfSigned } from '../src/certificates/self-signed.ts'
import type { Load, Seen } from './load.ts'
import { freePort, imageStart, runOn, startServed } from './processes.ts'
import type { Cores, Served, Start } from './processes.ts'
import { NAMESPACE, podReview } from './reviews.ts'
import type { PodOptions } from './reviews.ts'

/** Name and address of a registry that the configuration leads there. */
export interface Mapped {
  host: string
  endpoint: string
}

/** How a server is started, beside what the image does. */
export interface StartOptions {
  /** Of Node. */
  nodeArguments?: readonly string[]
  env?: Readonly<Record<string, string>>
  cores?: Cores
}

export interface WebhookOptions extends StartOptions {
  registries: readonly Mapped[]
  /** With the one log line for each decision (the default), or with warnings alone. */
  logs?: boolean
  /** Objects of the cluster beside the namespace, for a folder; or a kubeconfig. */
  cluster?: readonly object[] | { kubeconfig: string }
}

/** Files, certificate and processes of one run; everything goes with `end`. */
export interface World {
  ca: string
  file: (name: string) => string
  /** For what has an end of its own. */
  teardown(end: () => unknown): void
  startWebhook(options: WebhookOptions): Promise<Served>
  startBare(options?: StartOptions): Promise<Served>
  load(
    served: Served,
    images: readonly string[],
    more?: Partial<Load> & Pick<PodOptions, 'pullSecrets'>,
  ): Promise<Seen>
  end(): Promise<void>
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export async function createWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'pullgate-bench-'))
  const file = (name: string): string => join(directory, name)
  const made = await createSelfSigned({
    hosts: ['127.0.0.1'],
    nowMs: Date.now(),
    validDays: 1,
  })
  await writeFile(file('ca.pem'), made.ca)
  await writeFile(file('cert.pem'), made.cert)
  await writeFile(file('key.pem'), made.key)
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const ends: (() => unknown)[] = []
  let count = 0

  async function clusterArguments(
    cluster: WebhookOptions['cluster'],
    name: string,
  ): Promise<string[]> {
    if (cluster !== undefined && 'kubeconfig' in cluster) {
      await writeFile(file(`${name}-kubeconfig`), cluster.kubeconfig)
      return ['--kubeconfig', file(`${name}-kubeconfig`)]
    }
    const namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: NAMESPACE },
    }
    await mkdir(file(name))
    const objects = [namespace, ...(cluster ?? [])]
    await writeFile(
      join(file(name), 'cluster.yaml'),
      // JSON is YAML, and ten thousand Secrets are quicker written so.
      objects.map((object) => JSON.stringify(object)).join('\n---\n'),
    )
    return ['--standalone', file(name)]
  }

  async function started(start: Start): Promise<Served> {
    const served = await startServed(start)
    ends.push(() => served.stop())
    return served
  }

  return {
    ca: made.ca,
    file,
    teardown: (end) => void ends.push(end),
    async startWebhook({
      registries,
      logs = true,
      cluster,
      nodeArguments = [],
      env = {},
      cores = 'one',
    }) {
      const name = `webhook-${++count}`
      const configuration = {
        mode: 'enforce',
        logLevel: logs ? 'info' : 'warn',
        registries,
        network: { allow: ['127.0.0.1/32'] },
      }
      await writeFile(file(`${name}.yaml`), stringify(configuration))
      const [port, metricsPort] = [await freePort(), await freePort()]
      const args = [
        ...imageStart.nodeArguments,
        ...nodeArguments,
        here('../src/main.ts'),
        'serve',
        `--config=${file(`${name}.yaml`)}`,
        `--listen=127.0.0.1:${port}`,
        `--metrics-listen=127.0.0.1:${metricsPort}`,
        `--tls-cert=${file('cert.pem')}`,
        `--tls-key=${file('key.pem')}`,
        '--drain=0',
        ...(await clusterArguments(cluster, name)),
      ]
      const logFile = file(`${name}.log`)
      return started({ args, logFile, port, metricsPort, env, cores })
    },
    async startBare({ nodeArguments = [], env = {}, cores = 'one' } = {}) {
      const port = await freePort()
      const certificate = [file('cert.pem'), file('key.pem')]
      const args = [
        ...nodeArguments,
        here('bare-server.ts'),
        ...certificate,
        String(port),
      ]
      return started({ args, logFile: file('bare.log'), port, env, cores })
    },
    async load({ port }, images, { pullSecrets = [], ...more } = {}) {
      const bodyFile = file('review.json')
      await writeFile(bodyFile, JSON.stringify(podReview(images, { pullSecrets })))
      const load: Load = {
        port,
        caFile: file('ca.pem'),
        bodyFile,
        connections: 16,
        seconds: 1.5,
        perSecond: null,
        warmUpSeconds: 0.3,
        ...more,
      }
      const core = availableParallelism() > 1 ? 1 : 0
      return JSON.parse(
        await runOn(core, [here('load.ts'), JSON.stringify(load)]),
      ) as Seen
    },
    async end() {
      for (const end of ends.toReversed()) await end()
    },
  }
}

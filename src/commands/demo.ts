import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { standaloneHosts } from '../certificates/self-signed.ts'
import { asAdmissionReview } from '../demo/as-admission-review.ts'
import type { AppliedObject } from '../demo/as-admission-review.ts'
import { asKubectlPrints } from '../demo/as-kubectl.ts'
import type { ShownResponse } from '../demo/as-kubectl.ts'
import { startDemoRegistry } from '../demo/demo-registry.ts'
import type { DemoRegistry } from '../demo/demo-registry.ts'
import { demoConfiguration } from '../demo/demo-configuration.ts'
import { demoScenarios } from '../demo/scenarios.ts'
import type { DemoScenario } from '../demo/scenarios.ts'
import { createWebhookClient } from '../demo/webhook-client.ts'
import type { WebhookClient } from '../demo/webhook-client.ts'
import { readDocuments } from '../yaml/read-documents.ts'
import { openClusterSource } from './cluster-source.ts'
import type { Command, ExitCode, Io } from './io.ts'
import { loadConfigurationFile } from './load-configuration-file.ts'
import { startServer } from './start-server.ts'
import type { RunningServer } from './start-server.ts'
import { painter } from './color.ts'

const help = `Shows the gate at work: an embedded registry, the real webhook over HTTPS, and what kubectl apply would print.

Usage: pullgate demo [--verbose]

  --verbose   also prints the webhook's log

Needs no cluster, no container runtime and no network; ends by itself.
Exit codes: 0 when every verdict was the expected one, else 1.
`

/** `pullgate demo`, behind `npm run demo`. */
export const demoCommand: Command = {
  name: 'demo',
  help,
  run: demo,
}

const EXAMPLES = fileURLToPath(new URL('../../examples/demo/', import.meta.url))

async function demo(args: string[], io: Io): Promise<ExitCode> {
  const { values } = parseArgs({
    args,
    options: { verbose: { type: 'boolean', default: false } },
  })
  const paint = painter('auto', io)
  const registry = await startDemoRegistry()
  const directory = await mkdtemp(join(tmpdir(), 'pullgate-demo-'))
  try {
    const server = await startWebhook(registry, directory, {
      io,
      verbose: values.verbose,
    })
    const client = createWebhookClient(
      `https://127.0.0.1:${server.address.port}/validate`,
      server.ca ?? '',
    )
    io.stdout.write(introduction(server, registry))
    let unexpected = 0
    for (const scenario of demoScenarios) {
      if (!(await play(scenario, client, { io, paint }))) unexpected += 1
    }
    await client.close()
    await server.stop({ graceMs: 0, signal: io.signal })
    const count = demoScenarios.length
    io.stdout.write(
      unexpected === 0
        ? paint('green', `All ${count} verdicts were the expected ones.\n`)
        : paint(
            'red',
            `${unexpected} of ${count} verdicts were not the expected ones.\n`,
          ),
    )
    return unexpected === 0 ? 0 : 1
  } finally {
    await registry.close()
    await rm(directory, { recursive: true, force: true })
  }
}

async function startWebhook(
  registry: DemoRegistry,
  directory: string,
  { io, verbose }: { io: Io; verbose: boolean },
): Promise<RunningServer> {
  const file = join(directory, 'pullgate.yaml')
  await writeFile(file, demoConfiguration(registry))
  const log = pino({ level: verbose ? 'info' : 'silent', base: null }, io.stderr)
  return startServer({
    configuration: await loadConfigurationFile(file, { ...io, cwd: directory }),
    facts: await openClusterSource({
      standalone: join(EXAMPLES, 'cluster'),
      kubeconfig: null,
      context: null,
      onFolderProblem: (problem) => log.warn({ problem }, 'a manifest cannot be read'),
      signal: io.signal,
    }),
    listen: { host: '127.0.0.1', port: 0 },
    metricsListen: { host: '127.0.0.1', port: 0 },
    certificate: { kind: 'self-signed', hosts: standaloneHosts },
    ownNamespace: null,
    log,
    process: null,
    // Nothing of the demo leaves this machine, so the machine's proxy is not asked.
    env: {},
  })
}

function introduction(server: RunningServer, registry: DemoRegistry): string {
  const { port } = server.address
  const ports = Object.values(registry.endpoints).map((url) => url.port)
  return `The webhook answers on https://127.0.0.1:${port}/validate, its registries are on ports ${ports.join(', ')}.\n\n`
}

/** Whether the verdict was the expected one. */
async function play(
  scenario: DemoScenario,
  client: WebhookClient,
  { io, paint }: { io: Io; paint: ReturnType<typeof painter> },
): Promise<boolean> {
  const path = join(EXAMPLES, scenario.file)
  const object = await readManifest(path)
  const shown = relative(io.cwd, path)
  const response = await client.review(asAdmissionReview(object))
  const good = isExpected(scenario, response)
  const verdict = good
    ? paint('green', `as expected: ${scenario.action}`)
    : paint('red', `NOT as expected: ${scenario.action} ${scenario.cause ?? ''}`)
  io.stdout.write(
    `${paint('bold', `# ${scenario.title}`)}\n${paint('dim', `$ kubectl apply -f ${shown}`)}\n${asKubectlPrints(shown, object, response)}\n${verdict}\n\n`,
  )
  return good
}

function isExpected({ action, cause }: DemoScenario, response: ShownResponse): boolean {
  const code = `[${cause ?? ''}]`
  switch (action) {
    case 'allow':
      return response.allowed && response.warnings.length === 0
    case 'warn':
      return (
        response.allowed && response.warnings.some((warning) => warning.includes(code))
      )
    case 'deny':
      return !response.allowed && (response.status?.message.includes(code) ?? false)
    default:
      return action satisfies never
  }
}

async function readManifest(path: string): Promise<AppliedObject> {
  const [document] = readDocuments(await readFile(path)).documents
  if (document === undefined) throw new Error(`${path} holds no manifest`)
  // Our own files: that they are objects with these fields is what the demo itself tests.
  return document.value as AppliedObject
}

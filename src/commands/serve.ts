import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { REVIEW_PATH } from '../admission/app.ts'
import type { Log } from '../admission/log.ts'
import { systemTrouble } from '../text/system-trouble.ts'
import { openApi, openClusterSource } from './cluster-source.ts'
import { UsageError } from './io.ts'
import type { Command, ExitCode, Io } from './io.ts'
import { loadConfigurationFile } from './load-configuration-file.ts'
import { createLogSink } from './log-sink.ts'
import { chooseCertificate, toSource } from './serving-source.ts'
import { hostAndPort, startServer } from './start-server.ts'
import type { ListenAddress, RunningServer } from './start-server.ts'

const help = `Serves the admission webhook over HTTPS.

Usage: pullgate serve [OPTIONS]

  --config FILE              configuration (YAML); re-read while running
  --listen HOST:PORT         where AdmissionReviews are taken, path /validate (default 0.0.0.0:8443)
  --metrics-listen HOST:PORT plain HTTP for /healthz, /readyz and /metrics (default 0.0.0.0:8080)
  --tls-cert FILE            serving certificate (PEM), re-read when it changes
  --tls-key FILE             its private key; without both a certificate is made for this run
  --tls-secret NAME          NAMESPACE/NAME of a Secret in which all replicas share a certificate that is made and
                             renewed by itself; needs the rights in docs/certificates.md
  --tls-hosts HOSTS          what a certificate that is made is for, with commas between
  --webhook-configuration NAME  the ValidatingWebhookConfiguration whose caBundle follows (default pullgate)
  --client-ca FILE           only clients with a certificate of these authorities (PEM) are let in; re-read
  --write-ca FILE            writes the authority of the certificate that was made for this run
  --standalone DIR           no cluster: Secrets, ServiceAccounts, Namespaces, Nodes and Pods are read from
                             the YAML files in DIR, and re-read when a file changes
  --kubeconfig FILE          the cluster to ask; default: KUBECONFIG, ~/.kube/config or the Pod's own account
  --namespace NAME           the namespace of this release, which is never judged (default: POD_NAMESPACE)
  --drain SECONDS            how long to go on answering after SIGTERM (default 5)

SIGTERM and SIGINT end it without losing a review; a second one ends it at once.
`

/** `pullgate serve`. */
export const serveCommand: Command = {
  name: 'serve',
  help,
  run: serve,
}

async function serve(args: string[], io: Io): Promise<ExitCode> {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: 'string' },
      listen: { type: 'string', default: '0.0.0.0:8443' },
      'metrics-listen': { type: 'string', default: '0.0.0.0:8080' },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      'tls-secret': { type: 'string' },
      'tls-hosts': { type: 'string' },
      'webhook-configuration': { type: 'string', default: 'pullgate' },
      'client-ca': { type: 'string' },
      'write-ca': { type: 'string' },
      standalone: { type: 'string' },
      kubeconfig: { type: 'string' },
      namespace: { type: 'string' },
      drain: { type: 'string', default: '5' },
    },
  })
  const listen = parseAddress('--listen', values.listen)
  const metricsListen = parseAddress('--metrics-listen', values['metrics-listen'])
  const graceMs = parseSeconds('--drain', values.drain) * 1_000
  const ownNamespace = values.namespace ?? io.env.POD_NAMESPACE ?? null
  const isStandalone = values.standalone !== undefined
  const choice = chooseCertificate(
    {
      tlsCert: values['tls-cert'],
      tlsKey: values['tls-key'],
      tlsSecret: values['tls-secret'],
      tlsHosts: values['tls-hosts'],
      webhookConfiguration: values['webhook-configuration'],
    },
    { listenHost: listen.host, ownNamespace, hasCluster: !isStandalone, cwd: io.cwd },
  )
  const configuration = await loadConfigurationFile(values.config, io)
  io.outputMayBeLost?.()
  const { logLevel } = configuration.configuration
  const log = pino({ level: logLevel, base: null }, createLogSink(io.stdout, Date.now))
  const path = (file: string | undefined): string | null =>
    file === undefined ? null : resolve(io.cwd, file)
  const kubeconfig = path(values.kubeconfig)
  const writeCa = path(values['write-ca'])
  // Of what follows the cluster: it ends after the last review, and also when the start fails.
  const life = new AbortController()
  try {
    const api = isStandalone
      ? null
      : await openApi({ kubeconfig, context: null, env: io.env })
    const facts = await openClusterSource({
      standalone: path(values.standalone),
      kubeconfig,
      context: null,
      ...(api === null ? {} : { api }),
      watch: true,
      onFolderProblem: (problem) => log.warn({ problem }, 'a manifest cannot be read'),
      signal: life.signal,
    })
    const server = await startServer({
      configuration,
      facts,
      listen,
      metricsListen,
      certificate: toSource(choice, api),
      clientCaFile: path(values['client-ca']),
      signal: io.signal,
      ownNamespace,
      log,
      setLogLevel(level) {
        log.level = level
      },
      process,
      env: io.env,
    })
    try {
      if (server.ca !== null) await tellCa(server.ca, writeCa, log)
      log.info(whereItListens(server), 'serving')
      await fired(io.signal)
    } finally {
      const graceOfStop = io.signal.aborted ? graceMs : 0
      await server.stop({ graceMs: graceOfStop, signal: new AbortController().signal })
    }
    return 0
  } finally {
    life.abort()
  }
}

/** Who calls a certificate that was made for this run has to be told whom to trust. */
async function tellCa(ca: string, file: string | null, log: Log): Promise<void> {
  if (file === null) {
    log.warn(
      {},
      'the certificate was made for this run, and nobody trusts it: --write-ca FILE writes its authority, for caBundle or curl --cacert',
    )
    return
  }
  await writeFile(file, ca).catch((error: unknown) => {
    throw new Error(`--write-ca ${file} cannot be written: ${systemTrouble(error)}`, {
      cause: error,
    })
  })
  log.info(
    { ca: file },
    'the certificate was made for this run; who calls has to trust its authority, by caBundle or curl --cacert',
  )
}

function whereItListens({ address, metricsAddress }: RunningServer): object {
  return {
    reviews: `https://${hostAndPort(address)}${REVIEW_PATH}`,
    metrics: `http://${hostAndPort(metricsAddress)}/metrics`,
    address,
    metricsAddress,
  }
}

async function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((done) => {
    signal.addEventListener('abort', () => done(), { once: true })
  })
}

/** `HOST:PORT`, `:PORT` for every address, or `[::1]:PORT`. Port 0 takes a free one. */
export function parseAddress(option: string, text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65_535) {
    throw new UsageError(
      `${option} takes HOST:PORT, such as 127.0.0.1:8443, not "${text}"`,
    )
  }
  const host = match[1] ?? match[2] ?? ''
  return { host: host === '' ? '0.0.0.0' : host, port }
}

function parseSeconds(option: string, text: string): number {
  const seconds = Number(text)
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds < 0 || seconds > 600) {
    throw new UsageError(`${option} takes seconds from 0 to 600, not "${text}"`)
  }
  return seconds
}

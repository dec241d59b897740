import { setTimeout as sleep } from 'node:timers/promises'
import { renewCertificate } from '../admission/app.ts'
import type { WebhookServer } from '../admission/app.ts'
import type { Log } from '../admission/log.ts'
import type { Metrics } from '../admission/metrics.ts'
import type { Readiness } from '../admission/readiness.ts'
import type { ServerTls } from '../admission/server-tls.ts'
import { readClientAuthority } from '../certificates/client-authority.ts'
import type { ShareEvent } from '../certificates/share-certificate.ts'
import { openServingCertificate } from './open-serving-certificate.ts'
import type { ServingSource } from './open-serving-certificate.ts'

export interface ServeTlsOptions {
  certificate: ServingSource
  /** PEM file of the authorities that may call; null: everyone may. */
  clientCaFile: string | null
  metrics: Metrics
  readiness: Readiness
  log: Log
  now: () => number
  signal: AbortSignal
}

export interface ServedTls {
  /** For the start of the server. */
  first: ServerTls
  /** PEM of an authority that was made for this run; else null. */
  ca: string | null
  /** Why nobody can call at this moment: an expired certificate, or one that is not trusted. Null when nothing is known. */
  fault(): string | null
  /** Takes what is renewed into use, until the signal fires. */
  follow(server: WebhookServer): void
}

const CLIENT_CA_POLL_MS = 10_000

/** The certificate of the webhook and the clients that it takes, both renewed while running. Rejects when there is none to start with. */
export async function serveTls(options: ServeTlsOptions): Promise<ServedTls> {
  const { clientCaFile, metrics, readiness, log, now, signal } = options
  const clientCa =
    clientCaFile === null ? null : await firstAuthority(clientCaFile, now())
  const certificate = await openServingCertificate(options.certificate, {
    now,
    signal,
    onShared: (event) => logShared(log, event),
    onWaiting: (reason) => readiness.set('starting', `no certificate yet: ${reason}`),
  })
  let tls: ServerTls = { ...certificate.pair, clientCa }
  let { notAfterMs } = certificate
  metrics.certificateExpires(notAfterMs)

  function use(server: WebhookServer, changed: ServerTls): void {
    renewCertificate(server, changed)
    tls = changed
  }

  async function followClientCa(server: WebhookServer, file: string): Promise<void> {
    let refused: string | null = null
    while (await ticks(signal)) {
      const reading = await readClientAuthority(file, now())
      const reason = reading.status === 'unusable' ? reading.reason : null
      if (reason !== null && reason !== refused)
        log.error({ reason }, 'a changed client authority cannot be used')
      refused = reason
      if (reading.status === 'unusable' || reading.pem === tls.clientCa) continue
      use(server, { ...tls, clientCa: reading.pem })
      log.info({ file }, 'a changed client authority is in force')
    }
  }

  return {
    first: tls,
    ca: certificate.ca,
    fault() {
      if (notAfterMs <= now())
        return `the serving certificate expired on ${new Date(notAfterMs).toISOString()}`
      return certificate.distrust()
    },
    follow(server) {
      certificate.watch({
        apply: (pair) => use(server, { ...pair, clientCa: tls.clientCa ?? null }),
        onReplaced(endMs) {
          notAfterMs = endMs
          metrics.certificateExpires(endMs)
          log.info({ notAfter: new Date(endMs) }, 'a renewed certificate is served')
        },
        onRefused: (reason) =>
          log.error({ reason }, 'a changed certificate cannot be used'),
      })
      if (clientCaFile === null) return
      followClientCa(server, clientCaFile).catch((error: unknown) =>
        log.error({ err: error }, 'the client authority is not followed any more'),
      )
    },
  }
}

/** After a while true, or false when the signal fires. */
async function ticks(signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false
  const options = { signal, ref: false }
  return sleep(CLIENT_CA_POLL_MS, true, options).catch(() => false)
}

async function firstAuthority(file: string, nowMs: number): Promise<string> {
  const reading = await readClientAuthority(file, nowMs)
  if (reading.status === 'unusable') throw new Error(reading.reason)
  return reading.pem
}

function logShared(log: Log, event: ShareEvent): void {
  switch (event.kind) {
    case 'wrote':
      log.info({ what: event.what }, 'the shared certificate was changed')
      return
    case 'problem':
      log.error(
        { reason: event.reason },
        'the shared certificate cannot be kept up; what is served is served on',
      )
      return
    case 'recovered':
      log.info({}, 'the shared certificate is kept up again')
  }
}

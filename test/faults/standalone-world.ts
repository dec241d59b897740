import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  createAuthority,
  createLeaf,
  createSelfSigned,
} from '../../src/certificates/self-signed.ts'
import type { SelfSigned } from '../../src/certificates/self-signed.ts'
import {
  dockerConfig,
  namespace,
  node,
  pullSecret,
  serviceAccount,
} from '../support/cluster-manifests.ts'
import type { Teardown } from '../support/token-server.ts'
import { writeFiles } from '../support/webhook.ts'
import { writePair } from './certificate-lane.ts'
import { startFront } from './front.ts'
import { startLink } from './link.ts'
import type { Certificates } from './registry-lanes.ts'
import { PASSWORD } from './registries.ts'
import type { Registries } from './registries.ts'
import { DEADLINE } from './api-server.ts'
import { NAMESPACE } from './subject.ts'

export const HOSTS = {
  open: 'open.faults.test',
  link: 'link.faults.test',
  answers: 'answers.faults.test',
  tls: 'tls.faults.test',
  tokens: 'tokens.faults.test',
  steady: 'steady.faults.test',
  steadyTokens: 'steady-tokens.faults.test',
}
export const NAMED = 'named.faults.test'

export type World = Awaited<ReturnType<typeof createWorld>>

/** Registries behind what can fail, and the folder and the files of servers that know them. */

export async function createWorld(t: Teardown, registries: Registries) {
  const target = new URL(registries.open.url)
  const certificates = await makeCertificates()
  const certificate = certificates.good
  const links = {
    registry: await startLink(t, registries.open.port),
    named: await startLink(t, (await startFront(t, { target, certificate })).port),
    // For the clock alone: only time may fail there.
    steady: await startLink(t, (await startFront(t, { target, certificate })).port),
  }
  const fronts = {
    answers: await startFront(t, { target }),
    tls: await startFront(t, { target, certificate }),
  }
  const named = `${NAMED}:${links.named.port}`
  const files = await writeFiles(t, { configuration: {}, manifests: manifests() })
  const caFile = join(files.directory, 'registry-ca.pem')
  await writeFile(caFile, certificate.ca)
  const overTls = (host: string, port: number) => ({
    host,
    endpoint: `https://127.0.0.1:${port}`,
    caFile,
  })
  const configuration = {
    deadline: DEADLINE,
    network: { allow: ['127.0.0.0/8'] },
    registries: [
      at(HOSTS.open, registries.open.port),
      at(HOSTS.link, links.registry.port),
      at(HOSTS.answers, fronts.answers.port),
      at(HOSTS.tokens, registries.tokens.registry.port),
      at(HOSTS.steadyTokens, registries.steadyTokens.registry.port),
      overTls(HOSTS.tls, fronts.tls.port),
      overTls(HOSTS.steady, links.steady.port),
      { host: named, caFile },
    ],
  }
  // JSON is YAML.
  await writeFile(files.configuration, JSON.stringify(configuration))
  const authority = await createAuthority({ nowMs: Date.now(), validDays: 1 })
  const serving = {
    cert: join(files.directory, 'tls.crt'),
    key: join(files.directory, 'tls.key'),
  }
  const hosts = ['127.0.0.1']
  await writePair(
    serving,
    await createLeaf(authority, { hosts, nowMs: Date.now(), validDays: 1 }),
  )
  const args = [
    `--standalone=${files.cluster}`,
    `--config=${files.configuration}`,
    `--tls-cert=${serving.cert}`,
    `--tls-key=${serving.key}`,
  ]
  const file = (name: string): string => join(files.directory, name)
  return {
    registries,
    certificates,
    links,
    fronts,
    named,
    authority,
    serving,
    args,
    file,
  }
}

function at(host: string, port: number) {
  return { host, endpoint: `http://127.0.0.1:${port}` }
}

function manifests() {
  return [
    node('node-1'),
    namespace(NAMESPACE),
    serviceAccount(NAMESPACE, 'default'),
    pullSecret(NAMESPACE, 'right', login(PASSWORD)),
    pullSecret(NAMESPACE, 'wrong', login('wrong')),
  ]
}

function login(password: string): object {
  const own = `ann:${password}`
  return dockerConfig({ [HOSTS.tokens]: own, [HOSTS.steadyTokens]: own })
}

async function makeCertificates(): Promise<Certificates> {
  const hosts = ['127.0.0.1', NAMED]
  const nowMs = Date.now()
  const day = 86_400_000
  const authority = await createAuthority({ nowMs, validDays: 1 })
  const leaf = (startMs: number): Promise<SelfSigned> =>
    createLeaf(authority, { hosts, nowMs: startMs, validDays: 1 })
  return {
    good: await leaf(nowMs),
    expired: await leaf(nowMs - 2 * day),
    foreign: await createSelfSigned({ hosts, nowMs, validDays: 1 }),
  }
}

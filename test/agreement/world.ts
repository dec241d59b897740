import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import type { SelfSigned } from '../../src/certificates/self-signed.ts'
import type { Teardown } from '../support/token-server.ts'
import { makeContent } from './image-content.ts'
import type { Content, ImageSpec } from './image-content.ts'
import { serveScripts } from './misbehaving-registry.ts'
import type { HostScript, Route } from './misbehaving-registry.ts'
import { startRealRegistries } from './real-registries.ts'
import type { RealRegistries } from './real-registries.ts'
import type { Scenario, ScriptedHost, Secret, TlsKind } from './scenario.ts'

/** A scenario with its registry running and every placeholder filled in. */
export interface Stage {
  scenario: Scenario
  /** As written in the Pod. */
  image: string
  namespace: string
  /** `http://127.0.0.1:PORT` of the registry's own host. */
  url: string
  secrets: readonly StagedSecret[]
}

export interface StagedSecret {
  name: string
  /** null: there is no such Secret. */
  content: { type: string; text: string } | null
}

export interface World {
  /** The tree of hosts.toml files that containerd and Pullgate share. */
  hostsDirectory: string
  stages: Stage[]
}

/** A good image for linux/amd64. */
const GOOD: ImageSpec = { kind: 'image' }
const DAY_MS = 86_400_000

/** Opens every host of every scenario, each on a port of its own, and writes the hosts.toml tree that leads there. */
export async function buildWorld(
  t: Teardown,
  scenarios: readonly Scenario[],
): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'pullgate-agreement-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const certificates = await makeCertificates(directory)
  const hostsDirectory = join(directory, 'certs.d')
  const hubRoutes = new Map<string, Route>()
  const hub = await serveScripts(t, null, (path) => routeOfHub(hubRoutes, path))
  await writeHostsToml(hostsDirectory, 'docker.io', hostsToml(hub, null))
  const real = await startRealRegistries(t, scenarios)
  const context = { t, certificates, hostsDirectory, hub, hubRoutes, real }
  const stages: Stage[] = []
  for (const [index, scenario] of scenarios.entries())
    stages.push(await stage(scenario, index + 1, context))
  return { hostsDirectory, stages }
}

interface Certificate extends SelfSigned {
  caFile: string
}

interface StageContext {
  t: Teardown
  certificates: Record<TlsKind, Certificate>
  hostsDirectory: string
  hub: string
  hubRoutes: Map<string, Route>
  real: RealRegistries | null
}

async function stage(
  scenario: Scenario,
  number: number,
  context: StageContext,
): Promise<Stage> {
  const host = scenario.hub ? 'docker.io' : `r${number}.acme.test`
  const namespace = `scenario-${number}`
  const secrets = stageSecrets(scenario.secrets ?? [], host)
  const written = scenario.image ?? '{host}/team/app:1.0'
  if (scenario.real !== undefined) {
    if (context.real === null) throw new Error('no docker-registry runs')
    const served = await context.real.serve(scenario, `real-${number}/app`)
    const toml = hostsToml(served.url, served.caFile)
    await writeHostsToml(context.hostsDirectory, host, toml)
    const image = written
      .replace('{host}/team/app', `{host}/real-${number}/app`)
      .replace('{digest}', served.digest)
      .replace('{host}', host)
    return { scenario, image, namespace, url: served.url, secrets }
  }
  const title = `${number} ${scenario.name}`
  const { urls, content } = await openHosts(scenario, title, context)
  const url = urls.registry ?? ''
  const image = written
    .replace('{digest}', content?.root ?? '')
    .replace('{address}', new URL(url).host)
    .replaceAll('{host}', host)
  if (!scenario.hub) await placeHostsToml(scenario, host, urls, context)
  return { scenario, image, namespace, url, secrets }
}

interface OpenHosts {
  urls: Record<string, string>
  /** What the registry's own host holds. */
  content: Content | null
}

async function openHosts(
  scenario: Scenario,
  title: string,
  { t, certificates, hub, hubRoutes }: StageContext,
): Promise<OpenHosts> {
  const { registry: steps = [], holds = GOOD, tls } = scenario
  const own: ScriptedHost = { steps, holds, ...(tls ? { tls } : {}) }
  const urls: Record<string, string> = {}
  let content: Content | null = null
  for (const [name, host] of Object.entries({ registry: own, ...scenario.hosts })) {
    const script = scriptOf(host, title, scenario.tag ?? '1.0', certificates)
    const route: Route = { script, hosts: urls }
    if (name === 'registry') content = script.content
    if (name === 'registry' && scenario.hub) {
      hubRoutes.set(hubRepository(scenario), route)
      urls[name] = hub
      continue
    }
    urls[name] = await serveScripts(t, script.tls, () => route)
  }
  return { urls, content }
}

function scriptOf(
  { steps = [], holds, tls }: ScriptedHost,
  title: string,
  tag: string,
  certificates: Record<TlsKind, Certificate>,
): HostScript {
  const content = holds ? makeContent(holds, title) : null
  return { steps, content, tag, tls: tls ? certificates[tls] : null }
}

/** Hub scenarios share one server and are told apart by their repositories. */
function hubRepository({ image = '' }: Scenario): string {
  const name = image.replace(/^(?:index\.)?docker\.io\//, '').replace(/[:@].*$/, '')
  return name.includes('/') ? name : `library/${name}`
}

function routeOfHub(routes: ReadonlyMap<string, Route>, path: string): Route | null {
  for (const [repository, route] of routes) {
    if (path.startsWith(`/v2/${repository}/`)) return route
  }
  return null
}

async function placeHostsToml(
  scenario: Scenario,
  host: string,
  urls: Readonly<Record<string, string>>,
  { certificates, hostsDirectory }: StageContext,
): Promise<void> {
  if (scenario.hostsToml === null) return
  // Whoever serves under an unknown authority: the nodes know another one.
  const { tls = 'trusted' } = scenario
  const trusted = tls === 'unknown-authority' ? 'trusted' : tls
  const { caFile } = certificates[trusted]
  const address = new URL(urls.registry ?? '').host
  const toml =
    scenario.hostsToml === undefined
      ? hostsToml(urls.registry ?? '', scenario.tls ? caFile : null)
      : Object.entries({ ...urls, address, ca: caFile }).reduce(
          (text, [name, value]) => text.replaceAll(`{${name}}`, value),
          scenario.hostsToml,
        )
  const folder = scenario.hostsFolder?.replace('{host}', host) ?? host
  await writeHostsToml(hostsDirectory, folder, toml)
}

/** containerd 1.6 ignores a file without a host table, so there is one, for the same host, that tags are not resolved with. */
function hostsToml(url: string, caFile: string | null): string {
  const ca = caFile === null ? '' : `ca = ${JSON.stringify(caFile)}\n`
  const inner = ca === '' ? '' : `  ${ca}`
  return `server = "${url}"\n${ca}[host."${url}"]\n  capabilities = ["push"]\n${inner}`
}

async function writeHostsToml(
  hostsDirectory: string,
  host: string,
  toml: string,
): Promise<void> {
  await mkdir(join(hostsDirectory, host), { recursive: true })
  await writeFile(join(hostsDirectory, host, 'hosts.toml'), toml)
}

async function makeCertificates(
  directory: string,
): Promise<Record<TlsKind, Certificate>> {
  const now = Date.now()
  const make = async (
    kind: TlsKind,
    nowMs: number,
    hosts = ['127.0.0.1', 'localhost'],
  ): Promise<Certificate> => {
    const made = await createSelfSigned({ hosts, nowMs, validDays: 1 })
    const caFile = join(directory, `${kind}.crt`)
    await writeFile(caFile, made.ca)
    return { ...made, caFile }
  }
  return {
    trusted: await make('trusted', now),
    'unknown-authority': await make('unknown-authority', now),
    'other-name': await make('other-name', now, ['registry.elsewhere.test']),
    expired: await make('expired', now - 10 * DAY_MS),
    'not-yet-valid': await make('not-yet-valid', now + 10 * DAY_MS),
  }
}

function stageSecrets(secrets: readonly Secret[], host: string): StagedSecret[] {
  return secrets.map((secret, index) => {
    const name = `pull-${index + 1}`
    if (secret === 'missing') return { name, content: null }
    const type = 'type' in secret ? secret.type : 'kubernetes.io/dockerconfigjson'
    return { name, content: { type, text: textOf(secret).replaceAll('{host}', host) } }
  })
}

function textOf(secret: Exclude<Secret, 'missing'>): string {
  if ('text' in secret) return secret.text
  if ('auths' in secret) return JSON.stringify({ auths: secret.auths })
  return JSON.stringify(secret.config)
}

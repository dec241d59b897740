import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { cpus } from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { storeRepositories } from '../../src/demo/registry-images.ts'
import { startDockerRegistry } from '../../test/support/docker-registry.ts'
import { amd64Image } from '../../test/support/push-images.ts'
import { findProgram, whyMissing } from '../../test/support/missing-parts.ts'
import { expectAllAllowed } from '../all-allowed.ts'
import { profileInto, readProfile, sayProfiles } from '../cpu-profile.ts'
import type { Profiled } from '../cpu-profile.ts'
import { median, met } from '../page.ts'
import type { Page } from '../page.ts'
import { runProgram } from '../processes.ts'
import { publishedProgram } from '../published.ts'
import type { World } from '../world.ts'

const IMAGES = 1_000
const PARALLEL = 16
const DELAYS_MS = [0, 50]
const RUNS = 3
const REPOSITORY = 'team/app'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

interface Contestant {
  name: string
  /** Seconds for all images. */
  run: (host: string) => Promise<number>
}

/** e: a thousand images of a real docker-registry, judged by Pullgate and looked up by others, as many at a time. */
export async function audit(page: Page, world: World): Promise<boolean> {
  page.say(`## ${IMAGES} images, ${PARALLEL} at a time (e)`)
  page.say()
  const missing = whyMissing('docker-registry') ?? whyMissing('skopeo')
  if (missing !== null) {
    page.say(`Not measured: it ${missing}.`)
    page.say()
    return true
  }
  const registry = await startDockerRegistry(world)
  const repositories = storeRepositories({
    [REPOSITORY]: { tags: { first: amd64Image } },
  })
  const stored = repositories.get(REPOSITORY)
  const [manifest] = stored?.manifests.values() ?? []
  await registry.push(REPOSITORY, 'first', amd64Image)
  if (manifest === undefined) throw new Error('no image was made')
  for (let tag = 0; tag < IMAGES; tag++)
    await registry.pushManifest(REPOSITORY, `t${tag}`, manifest)
  const contestants = await findContestants(page, world)
  const table = page.table(['Round trip', ...contestants.map(({ name }) => name)])
  const medians: number[][] = []
  for (const delayMs of DELAYS_MS) {
    const host = await delayed(world, registry.port, delayMs)
    const seconds = contestants.map((): number[] => [])
    for (let run = 0; run < RUNS; run++)
      for (const [at, contestant] of contestants.entries())
        seconds[at]?.push(await contestant.run(host))
    const row = seconds.map(median)
    medians.push(row)
    table.row(`${delayMs} ms more`, ...row.map((each) => `${each.toFixed(2)} s`))
  }
  table.end()
  const isMissed = tellGoals(page, medians)
  await sayWhere(page, world, registry.port)
  await registry.stop()
  return isMissed
}

/** Where the time of `pullgate check` goes, by a CPU profile of a run of its own. */
async function sayWhere(page: Page, world: World, port: number): Promise<void> {
  const program = await publishedProgram()
  const profiles: Profiled[] = []
  for (const delayMs of DELAYS_MS) {
    const directory = world.file(`check-profile-${delayMs}`)
    const node = await profileInto(directory)
    const host = await delayed(world, port, delayMs)
    await runProgram(process.execPath, [
      ...node,
      program,
      ...(await checkArguments(world, host)),
    ])
    await expectAllAllowed(reportOf(world), IMAGES)
    profiles.push({
      name: `${delayMs} ms more`,
      profile: await readProfile(directory),
      pieces: IMAGES,
    })
  }
  const busy = profiles.map(
    ({ name, profile: { seconds, busySeconds } }) =>
      `${busySeconds.toFixed(1)} of ${seconds.toFixed(1)} s with ${name}`,
  )
  page.say(
    `Where the time of \`pullgate check\` goes, by a CPU profile of a run each: its thread is at work ${busy.join(', and ')}; the rest it waits for the registry, which has the same two cores. For each image:`,
  )
  page.say()
  sayProfiles(page, profiles)
}

function tellGoals(page: Page, medians: readonly number[][]): boolean {
  let isMissed = false
  for (const [at, [ours = Infinity, skopeo = 0, go]] of medians.entries()) {
    const times = skopeo / ours
    const isQuick = times >= 10
    const isBehind = go !== undefined && ours > go
    isMissed ||= !isQuick || isBehind
    const goClient =
      go === undefined
        ? 'The Go client was not measured, since it needs Go.'
        : `The Go client takes ${(go / ours).toFixed(2)} of its time (goal: at least 1): ${met(!isBehind)}.`
    page.say(
      `- With ${DELAYS_MS[at]} ms more: ${times.toFixed(1)} times as fast as skopeo (goal 10): ${met(isQuick)}. ${goClient}${floorOf(at, skopeo)}`,
    )
  }
  page.say()
  page.say(
    `Pullgate's and the Go client's time is that of a whole process, start included (Pullgate as it is published, compiled); all are given names; skopeo is one process an image. A run in which Pullgate does not look up and allow every image, or another client fails, ends the bench. The Go client is go-containerregistry's HEAD and has ${cpus().length} cores, Pullgate's JavaScript one.`,
  )
  page.say()
  return isMissed
}

/** What no client can do without, where it is more than the goal leaves. */
function floorOf(at: number, skopeo: number): string {
  const seconds = ((IMAGES / PARALLEL) * (DELAYS_MS[at] ?? 0)) / 1000
  if (seconds < skopeo / 10) return ''
  return ` The round trips alone take ${seconds.toFixed(1)} s, more than a tenth of skopeo's time.`
}

async function findContestants(page: Page, world: World): Promise<Contestant[]> {
  const program = await publishedProgram()
  const pullgate: Contestant = {
    name: 'pullgate check',
    async run(host) {
      const args = [program, ...(await checkArguments(world, host))]
      const seconds = await timed(process.execPath, args)
      await expectAllAllowed(reportOf(world), IMAGES)
      return seconds
    },
  }
  const skopeo: Contestant = {
    name: 'skopeo inspect --no-tags',
    async run(host) {
      const list = world.file('names')
      await writeFile(list, `${names(host).join('\n')}\n`)
      const inspect = `skopeo --insecure-policy inspect --no-tags --tls-verify=false docker://{}`
      const command = `xargs -P ${PARALLEL} -I {} ${inspect} < ${list} > /dev/null`
      return timed('sh', ['-c', command])
    },
  }
  const go = await buildGoClient(page, world)
  if (go === null) return [pullgate, skopeo]
  const goClient: Contestant = {
    name: 'go-containerregistry',
    async run(host) {
      const list = world.file('names')
      await writeFile(list, `${names(host).join('\n')}\n`)
      return timed('sh', ['-c', `${go} ${PARALLEL} < ${list}`])
    },
  }
  return [pullgate, skopeo, goClient]
}

/** Of Pullgate, to judge the thousand tags of a registry. */
async function checkArguments(world: World, host: string): Promise<string[]> {
  const config = world.file('check.yaml')
  const registries = [{ host: 'bench.acme.test', endpoint: `http://${host}` }]
  await writeFile(config, stringify({ registries }))
  const report = `--output=json=${reportOf(world)}`
  return ['check', `--config=${config}`, report, ...names('bench.acme.test')]
}

function reportOf(world: World): string {
  return world.file('report.json')
}

/** Each of the thousand tags. */
function names(host: string): string[] {
  return Array.from({ length: IMAGES }, (_, tag) => `${host}/${REPOSITORY}:t${tag}`)
}

/** Seconds of a whole process. */
async function timed(command: string, args: readonly string[]): Promise<number> {
  const startMs = performance.now()
  await runProgram(command, args)
  return (performance.now() - startMs) / 1000
}

async function buildGoClient(page: Page, world: World): Promise<string | null> {
  const go = findProgram('go') ?? '/usr/local/go/bin/go'
  if (!existsSync(go)) return null
  const made = world.file('go-client')
  try {
    await runProgram(go, [
      'build',
      '-C',
      here('../go-client'),
      '-trimpath',
      '-o',
      made,
      '.',
    ])
    return made
  } catch (error) {
    page.say(`The Go client could not be built: ${String(error)}`)
    page.say()
    return null
  }
}

/** The registry that much further off: what either side sends arrives half of it later. */
async function delayed(world: World, port: number, delayMs: number): Promise<string> {
  if (delayMs === 0) return `127.0.0.1:${port}`
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port })
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('data', (chunk) => void setTimeout(() => to.write(chunk), delayMs / 2))
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        setTimeout(() => to.end(), delayMs / 2)
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  world.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

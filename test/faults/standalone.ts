import { writeFile } from 'node:fs/promises'
import type { Teardown } from '../support/token-server.ts'
import { certificateLane } from './certificate-lane.ts'
import { clockLane, movedClock, NO_MOVE } from './clock-lane.ts'
import { fullDiskLane, LOG_FOLDER, unreadLogLane } from './log-lanes.ts'
import { endure, warmUp } from './ordeal.ts'
import type { OrdealOptions } from './ordeal.ts'
import type { Outcome } from './outcome.ts'
import { withMounts } from './privileges.ts'
import { answersLane, linkLane, namesLane, tlsLane, tokenLane } from './registry-lanes.ts'
import { openSubjects, tokenSubjects } from './registry-subjects.ts'
import type { Registries } from './registries.ts'
import { startResolver } from './resolver.ts'
import { startServed } from './served.ts'
import { createWorld, HOSTS, NAMED } from './standalone-world.ts'
import type { World as Files } from './standalone-world.ts'
import { NAMESPACE } from './subject.ts'

/** Servers with a folder for a cluster, each with a load of its own, side by side. */
export async function endureStandalone(
  t: Teardown,
  registries: Registries,
  say: (line: string) => void,
): Promise<Outcome[]> {
  const world = { ...(await createWorld(t, registries)), say }
  const ordeals: OrdealOptions[] = []
  // One after the other: a start is no fault, and takes all that a small machine has.
  for (const prepare of [ofRegistries, ofClock, ofFullDisk, ofUnreadLog]) {
    const ordeal = await prepare(t, world)
    await warmUp(ordeal)
    ordeals.push(ordeal)
  }
  return Promise.all(ordeals.map(endure))
}

type World = Files & { say: (line: string) => void }

/** Everything on the way to registries, and the certificate. */
async function ofRegistries(t: Teardown, world: World): Promise<OrdealOptions> {
  const { registries, links, fronts, authority, file, named } = world
  const resolver = await startResolver(t, [NAMED])
  const resolvConf = file('resolv.conf')
  // As the kubelet writes it for a Pod.
  await writeFile(
    resolvConf,
    `search ${NAMESPACE}.svc.cluster.test svc.cluster.test\nnameserver ${resolver.address}\noptions ndots:5\n`,
  )
  const served = await startServed(t, {
    args: world.args,
    log: file('registries.log'),
    within: withMounts(`mount --bind ${resolvConf} /etc/resolv.conf`),
  })
  const lanes = [
    linkLane(HOSTS.link, links.registry),
    answersLane(HOSTS.answers, fronts.answers),
    tlsLane(HOSTS.tls, fronts.tls, world.certificates),
    namesLane(named, resolver, () => links.named.drop()),
    tokenLane(HOSTS.tokens, registries.tokens),
    await certificateLane({
      files: world.serving,
      authority,
      url: served.url,
      subjects: openSubjects(HOSTS.open),
    }),
  ]
  const ca = authority.ca
  return {
    say: world.say,
    name: 'registries and DNS',
    served,
    ca,
    perSecond: 36,
    lanes,
  }
}

async function ofClock(t: Teardown, world: World): Promise<OrdealOptions> {
  const file = world.file('clock')
  await writeFile(file, NO_MOVE)
  const served = await startServed(t, {
    args: world.args,
    log: world.file('clock.log'),
    env: movedClock(file),
  })
  const subjects = [...openSubjects(HOSTS.steady), ...tokenSubjects(HOSTS.steadyTokens)]
  const lanes = [clockLane(file, subjects, () => world.links.steady.drop())]
  return {
    say: world.say,
    name: 'clock',
    served,
    ca: world.authority.ca,
    perSecond: 6,
    lanes,
  }
}

async function ofFullDisk(t: Teardown, world: World): Promise<OrdealOptions> {
  const script = `mount -t tmpfs -o size=1m none ${LOG_FOLDER} && exec >>${LOG_FOLDER}/log`
  const served = await startServed(t, {
    args: world.args,
    log: world.file('disk.log'),
    within: withMounts(script),
  })
  const { ca } = world.authority
  const subjects = openSubjects(HOSTS.open)
  const disk = `/proc/${served.pid}/root${LOG_FOLDER}`
  const lanes = [fullDiskLane({ url: served.url, ca, subjects }, disk)]
  return {
    say: world.say,
    name: 'log on a full disk',
    served,
    ca,
    perSecond: 5,
    lanes,
  }
}

async function ofUnreadLog(t: Teardown, world: World): Promise<OrdealOptions> {
  const served = await startServed(t, { args: world.args, log: 'pipe' })
  if (served.log === null) throw new Error('its log is a pipe')
  const { ca } = world.authority
  const subjects = openSubjects(HOSTS.open)
  const lanes = [unreadLogLane({ url: served.url, ca, subjects }, served.log)]
  return {
    say: world.say,
    name: 'log that nobody reads',
    served,
    ca,
    perSecond: 5,
    lanes,
  }
}

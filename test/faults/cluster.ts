import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import type { SelfSigned } from '../../src/certificates/self-signed.ts'
import type { Binaries } from '../cluster/binaries.ts'
import { startControlPlane } from '../cluster/control-plane.ts'
import type { ControlPlane } from '../cluster/control-plane.ts'
import { nodeOf } from '../cluster/objects.ts'
import { createRelease, mustRun } from '../cluster/release.ts'
import { dockerConfig, pullSecret } from '../support/cluster-manifests.ts'
import type { Teardown } from '../support/token-server.ts'
import { apiLane } from './api-lane.ts'
import { startFront } from './front.ts'
import { startLink } from './link.ts'
import { endure, warmUp } from './ordeal.ts'
import type { Outcome } from './outcome.ts'
import { openSubjects, tokenSubjects } from './registry-subjects.ts'
import { PASSWORD } from './registries.ts'
import type { Registries } from './registries.ts'
import { startServed } from './served.ts'
import { DEADLINE } from './api-server.ts'
import { NAMESPACE } from './subject.ts'

const OPEN = 'open.faults.test'
const TOKENS = 'tokens.faults.test'

/** A server with the shipped manifests' rights in a real cluster, whose API server is reached through what can fail. */
export async function endureCluster(
  t: Teardown,
  registries: Registries,
  binaries: Binaries,
  say: (line: string) => void,
): Promise<Outcome> {
  const plane = await startControlPlane(t, binaries)
  await install(t, plane, registries)
  const certificates = { good: await ofItsOwn(), foreign: await ofItsOwn() }
  const front = await startFront(t, {
    target: new URL(plane.server),
    targetCa: plane.ca,
    certificate: certificates.good,
  })
  const link = await startLink(t, front.port)
  const kubeconfig = await kubeconfigFor(plane, link.port, certificates.good.ca)
  const served = await startServed(t, {
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--config=${join(plane.directory, 'release', 'pullgate.yaml')}`,
      '--tls-secret=pullgate/pullgate-certificate',
      '--tls-hosts=127.0.0.1',
      '--namespace=pullgate',
    ],
    log: join(plane.directory, 'pullgate.log'),
  })
  const subjects = [...openSubjects(OPEN), ...tokenSubjects(TOKENS)]
  const ordeal = {
    name: 'API server',
    served,
    ca: await caBundle(plane),
    perSecond: 24,
    lanes: [apiLane(subjects, { link, front, certificates })],
    say,
  }
  await warmUp(ordeal)
  return endure(ordeal)
}

function ofItsOwn(): Promise<SelfSigned> {
  return createSelfSigned({ hosts: ['127.0.0.1'], nowMs: Date.now(), validDays: 1 })
}

async function install(
  t: Teardown,
  plane: ControlPlane,
  { open, tokens }: Registries,
): Promise<void> {
  await mustRun(plane, ['create', '-f', '-'], [nodeOf('node-1')])
  await mustRun(plane, ['taint', 'node', 'node-1', 'node.kubernetes.io/not-ready-'])
  const release = await createRelease(t, plane, {
    overlay: 'enforce',
    configuration: {
      deadline: DEADLINE,
      network: { allow: ['127.0.0.0/8'] },
      registries: [
        { host: OPEN, endpoint: open.url },
        { host: TOKENS, endpoint: tokens.registry.url },
      ],
    },
    failurePolicy: 'Ignore',
    tag: '0.1.0',
  })
  await release.apply()
  await mustRun(plane, ['create', 'namespace', NAMESPACE])
  await mustRun(plane, ['wait', '--for=create', '-n', NAMESPACE, 'sa/default'])
  const secrets = [
    pullSecret(NAMESPACE, 'right', dockerConfig({ [TOKENS]: `ann:${PASSWORD}` })),
    pullSecret(NAMESPACE, 'wrong', dockerConfig({ [TOKENS]: 'ann:wrong' })),
  ]
  await mustRun(plane, ['create', '-f', '-'], secrets)
}

/** The token that the kubelet would mount, at our door of the API server. */
async function kubeconfigFor(
  plane: ControlPlane,
  port: number,
  ca: string,
): Promise<string> {
  const token = ['create', 'token', 'pullgate', '-n', 'pullgate']
  const { stdout } = await mustRun(plane, token)
  const path = await plane.writeKubeconfig('pullgate', stdout.trim())
  const config = JSON.parse(await readFile(path, 'utf8')) as {
    clusters: { cluster: object }[]
  }
  for (const entry of config.clusters)
    entry.cluster = {
      server: `https://127.0.0.1:${port}`,
      'certificate-authority-data': Buffer.from(ca).toString('base64'),
    }
  await writeFile(path, JSON.stringify(config), { mode: 0o600 })
  return path
}

/** Whom the API server trusts by now. */
async function caBundle(plane: ControlPlane): Promise<string> {
  const { stdout } = await mustRun(plane, [
    'get',
    'validatingwebhookconfiguration',
    'pullgate',
    '-o',
    'jsonpath={.webhooks[0].clientConfig.caBundle}',
  ])
  return Buffer.from(stdout, 'base64').toString()
}

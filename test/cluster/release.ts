import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { parse, stringify } from 'yaml'
import { startPullgate, type RunningPullgate } from '../support/pullgate-process.ts'
import type { Teardown } from '../support/token-server.ts'
import type { ControlPlane } from './control-plane.ts'
import { startService, type LoopbackService } from './service.ts'

export const MANIFESTS = join(import.meta.dirname, '../../manifests')
export const OVERLAYS = ['warn', 'enforce', 'cert-manager', 'no-secrets', 'port-10250']

/** No registry has it: were its own Namespace judged, no release could be applied. */
export const RELEASE_IMAGE = 'registry.acme.test/platform/pullgate'

export interface ReleaseSettings {
  overlay: string
  /** Added to the fields of the overlay's own configuration. */
  configuration: object
  /** Of the configuration; the overlay's own where it is not given. */
  mode?: 'enforce' | 'warn'
  failurePolicy: 'Ignore' | 'Fail'
  /** Of the image. */
  tag: string
}

export interface Replica {
  port: number
  process: RunningPullgate
}

/** Pullgate as a team installs it: a kustomization of its own over a shipped overlay, and `kubectl apply -k`. */
export interface Release {
  service: LoopbackService
  /** Takes settings that change, the others stay; resolves when the API server goes by them. */
  apply(changes?: Partial<ReleaseSettings>): Promise<void>
  /** `kubectl delete -k` of the same kustomization. */
  delete(): Promise<void>
  /**
   * One more process, with the arguments of the installed Deployment, the installed ConfigMap, and by default a token of the
   * installed service account. It gets no traffic until the service is told about it.
   */
  startReplica(t: Teardown, options?: ReplicaOptions): Promise<Replica>
  /** What the kubelet does when the ConfigMap has changed. */
  syncConfiguration(): Promise<void>
}

export interface ReplicaOptions {
  /** With one of another account or server, the certificate comes from files, as in the overlay cert-manager. */
  kubeconfig?: string
  /** How far ahead its clock is, for what depends on ages. */
  clockAheadMs?: number
}

/**
 * No kubelet runs the Deployment and no Service has an address here, so one thing differs from a cluster: `clientConfig` names a
 * loopback address, and the certificate is for that one.
 */
export async function createRelease(
  t: Teardown,
  plane: ControlPlane,
  initial: ReleaseSettings,
): Promise<Release> {
  const service = await startService(t)
  const directory = join(plane.directory, 'release')
  await mkdir(directory, { recursive: true })
  const files = {
    configuration: join(directory, 'pullgate.yaml'),
    cert: join(directory, 'tls.crt.pem'),
    key: join(directory, 'tls.key.pem'),
  }
  let settings = initial
  // Without caBundle: that one is Pullgate's to fill in, and to keep when this is applied again.
  const clientConfig = { url: `https://127.0.0.1:${service.port}/validate` }

  async function syncConfiguration(): Promise<void> {
    const what = ['configmap', 'pullgate', '-n', 'pullgate']
    const { stdout } = await mustRun(plane, ['get', ...what, '-o', 'json'])
    const map = JSON.parse(stdout) as { data: Record<string, string> }
    await writeFile(files.configuration, map.data['pullgate.yaml'] ?? '')
  }

  return {
    service,
    syncConfiguration,
    async apply(changes = {}) {
      settings = { ...settings, ...changes }
      await writeKustomization(plane, directory, settings, clientConfig)
      await mustRun(plane, ['apply', '-k', directory])
      await mustRun(plane, ['wait', '--for=create', '-n', 'pullgate', 'sa/pullgate'])
      await syncConfiguration()
    },
    async delete() {
      await mustRun(plane, ['delete', '-k', directory, '--timeout=120s'])
    },
    async startReplica(owner, { kubeconfig, clockAheadMs = 0 } = {}) {
      const certificate =
        kubeconfig === undefined
          ? ['--tls-hosts=127.0.0.1']
          : await certificateFiles(plane, files)
      const deployed = await deployedArgs(plane, files.configuration)
      const args = [
        ...deployed.filter((arg) => kubeconfig === undefined || !arg.startsWith('--tls')),
        ...certificate,
        `--kubeconfig=${kubeconfig ?? (await ownKubeconfig(plane))}`,
        '--namespace=pullgate',
        '--listen=127.0.0.1:0',
        '--metrics-listen=127.0.0.1:0',
        '--drain=1',
      ]
      const running = withClockAhead(clockAheadMs, () => startPullgate(owner, args))
      // A test that throws outside of its tests leaves no process behind.
      const kill = (): void => running.signal('SIGKILL')
      process.once('exit', kill)
      void running.ended.then(() => process.off('exit', kill))
      const line = await running.line(({ msg }) => msg === 'serving')
      return { process: running, port: (line.address as { port: number }).port }
    },
  }
}

/** A process inherits the environment of the moment in which it is started. */
function withClockAhead<T>(aheadMs: number, start: () => T): T {
  if (aheadMs === 0) return start()
  const before = process.env.NODE_OPTIONS
  const code = `const now = Date.now; Date.now = () => now() + ${aheadMs}`
  const preload = `--import=data:text/javascript,${encodeURIComponent(code)}`
  process.env.NODE_OPTIONS = before === undefined ? preload : `${before} ${preload}`
  try {
    return start()
  } finally {
    if (before === undefined) delete process.env.NODE_OPTIONS
    else process.env.NODE_OPTIONS = before
  }
}

/** The token that the kubelet would mount. */
async function ownKubeconfig(plane: ControlPlane): Promise<string> {
  const { stdout } = await mustRun(plane, [
    'create',
    'token',
    'pullgate',
    '-n',
    'pullgate',
  ])
  return plane.writeKubeconfig('pullgate', stdout.trim())
}

/** The arguments of the installed Deployment, with the paths of this machine. */
async function deployedArgs(
  plane: ControlPlane,
  configuration: string,
): Promise<string[]> {
  const path = 'jsonpath={.spec.template.spec.containers[0].args}'
  const what = ['deployment', 'pullgate', '-n', 'pullgate']
  const { stdout } = await mustRun(plane, ['get', ...what, '-o', path])
  const args = JSON.parse(stdout) as string[]
  return args.map((arg) => arg.replace('/etc/pullgate/pullgate.yaml', configuration))
}

/** What the kubelet mounts of a Secret. */
async function certificateFiles(
  plane: ControlPlane,
  { cert, key }: { cert: string; key: string },
): Promise<string[]> {
  const what = ['secret', 'pullgate-certificate', '-n', 'pullgate']
  const { stdout } = await mustRun(plane, ['get', ...what, '-o', 'json'])
  const { data } = JSON.parse(stdout) as { data: Record<string, string> }
  const text = (name: string): string =>
    Buffer.from(data[name] ?? '', 'base64').toString()
  await writeFile(cert, text('tls.crt'))
  await writeFile(key, text('tls.key'), { mode: 0o600 })
  return [`--tls-cert=${cert}`, `--tls-key=${key}`]
}

async function writeKustomization(
  plane: ControlPlane,
  directory: string,
  { overlay, configuration, mode, failurePolicy, tag }: ReleaseSettings,
  clientConfig: object,
): Promise<void> {
  const shipped = join(MANIFESTS, 'overlays', overlay)
  const rendered = await mustRun(plane, ['kustomize', shipped])
  const own = ownConfiguration(rendered.stdout)
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'pullgate', namespace: 'pullgate' },
    data: {
      'pullgate.yaml': stringify({ ...own, ...configuration, ...(mode ? { mode } : {}) }),
    },
  }
  const webhook = [
    {
      op: 'test',
      path: '/webhooks/0/clientConfig/service',
      value: { name: 'pullgate', namespace: 'pullgate', path: '/validate', port: 443 },
    },
    { op: 'replace', path: '/webhooks/0/clientConfig', value: clientConfig },
    { op: 'replace', path: '/webhooks/0/failurePolicy', value: failurePolicy },
  ]
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [relative(directory, shipped)],
    images: [{ name: 'pullgate', newName: RELEASE_IMAGE, newTag: tag }],
    patches: [
      { patch: JSON.stringify(configMap) },
      {
        patch: JSON.stringify(webhook),
        target: { kind: 'ValidatingWebhookConfiguration', name: 'pullgate' },
      },
    ],
  }
  await writeFile(join(directory, 'kustomization.yaml'), stringify(kustomization))
}

function ownConfiguration(rendered: string): object {
  const documents = rendered.split('\n---\n').map((text) => parse(text) as unknown)
  const map = documents.find(
    (each): each is { data: Record<string, string> } =>
      typeof each === 'object' &&
      each !== null &&
      'kind' in each &&
      each.kind === 'ConfigMap',
  )
  return parse(map?.data['pullgate.yaml'] ?? '{}') as object
}

/** Throws with what kubectl said. */
export async function mustRun(
  plane: Pick<ControlPlane, 'kubectl'>,
  args: readonly string[],
  input?: string | readonly object[],
): Promise<{ stdout: string; stderr: string }> {
  const result = await plane.kubectl(args, input === undefined ? {} : { input })
  if (result.code === 0) return result
  throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`)
}

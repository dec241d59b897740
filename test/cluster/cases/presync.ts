import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import type { Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { VAULT_LOGIN, type CommandWorld } from '../command-world.ts'
import { TYPO } from '../images.ts'
import { pullSecret } from '../objects.ts'
import { mustRun } from '../release.ts'

const EXAMPLE = fileURLToPath(new URL('../../../examples/ci/argo-cd', import.meta.url))

interface Rendered {
  kind: string
  metadata: { name: string; namespace: string; annotations?: Record<string, string> }
}

interface Job extends Rendered {
  spec: {
    template: {
      spec: {
        serviceAccountName: string
        containers: { args: string[]; volumeMounts: { mountPath: string }[] }[]
        volumes: { configMap: { name: string } }[]
      }
    }
  }
}

interface ConfigMap extends Rendered {
  data: Record<string, string>
}

/** The example for Argo CD, rendered as Argo CD does and run as a kubelet would. */
export async function presync(t: Test, world: CommandWorld): Promise<void> {
  const { plane } = world
  const login = { ...VAULT_LOGIN, host: 'registry.acme.test' }
  const namespace = await world.namespace('shop', [pullSecret('acme-pull', login)])
  const { stdout: text } = await mustRun(plane, ['kustomize', EXAMPLE])
  const objects = parseAllDocuments(text).map((each) => each.toJS() as Rendered)
  const job = objects.find(({ kind }) => kind === 'Job') as Job
  const map = objects.find(({ kind }) => kind === 'ConfigMap') as ConfigMap
  const spec = job.spec.template.spec

  await t.test('what the Job needs is there before it, and all else after it', (t) => {
    const waves = objects.map(({ kind, metadata: { annotations } }) => {
      const hook = annotations?.['argocd.argoproj.io/hook'] ?? 'Sync'
      return [kind, `${hook} ${annotations?.['argocd.argoproj.io/sync-wave'] ?? '0'}`]
    })
    t.strictSame(Object.fromEntries(waves), {
      ServiceAccount: 'PreSync -1',
      Role: 'PreSync -1',
      RoleBinding: 'PreSync -1',
      ConfigMap: 'PreSync -1',
      Job: 'PreSync 0',
      Deployment: 'Sync 0',
    })
    t.equal(spec.volumes[0]?.configMap.name, map.metadata.name)
    t.ok(objects.every(({ metadata }) => metadata.namespace === namespace))
    t.end()
  })

  await t.test('an API server takes all of it', async (t) => {
    const { code, stderr } = await plane.kubectl([
      'apply',
      '-k',
      EXAMPLE,
      '--dry-run=server',
      '--validate=strict',
    ])
    t.strictSame([code, stderr], [0, ''])
  })

  await t.test('the Job stops a sync whose image is not there', async (t) => {
    const rights = objects.filter(({ kind }) => /^(?:ServiceAccount|Role.*)$/.test(kind))
    await mustRun(plane, ['apply', '-f', '-'], rights)
    const account = ['create', 'token', '-n', namespace, spec.serviceAccountName]
    const { stdout: token } = await mustRun(plane, account)
    const kubeconfig = await plane.writeKubeconfig('presync', token.trim(), namespace)
    const [container] = spec.containers
    const mounted = container?.volumeMounts[0]?.mountPath ?? ''
    const run = async (name: string, data: Record<string, string>) => {
      const folder = await mountedAs(join(world.directory, name), data)
      const args = (container?.args ?? []).map((arg) => arg.replace(mounted, folder))
      const where = ['--kubeconfig', kubeconfig, '-o', 'json']
      const { code, stdout } = await world.pullgate([...args, ...where])
      return { code, report: JSON.parse(stdout) as object }
    }
    const bad = Object.entries(map.data).map(([name, file]) => [name, mistyped(file)])

    const broken = Object.fromEntries(bad) as Record<string, string>

    const unsure = await run('unsure', broken)
    await mustRun(plane, ['apply', '-f', join(EXAMPLE, 'cluster-rights.yaml')])
    const good = await run('good', map.data)
    const stopped = await run('bad', broken)

    t.equal(unsure.code, 0, 'one who does not see the cluster is certain of nothing')
    t.match(unsure.report, found('warn'))
    t.equal(good.code, 0)
    t.match(good.report, {
      results: [{ object: { namespace, name: 'web' }, images: [{ action: 'allow' }] }],
    })
    t.equal(stopped.code, 1)
    t.match(stopped.report, found('deny'))
  })
}

function mistyped(file: string): string {
  return file.replaceAll(/registry\.acme\.test\/team\/web:\S+/g, TYPO)
}

function found(action: string): object {
  return { results: [{ images: [{ action, cause: 'ImageNotFound' }] }] }
}

/** As the kubelet mounts a ConfigMap: links to links, which change all at once. */
async function mountedAs(
  folder: string,
  data: Readonly<Record<string, string>>,
): Promise<string> {
  const version = '..2026_11_20_10_00_00.1'
  await mkdir(join(folder, version), { recursive: true })
  await symlink(version, join(folder, '..data'))
  for (const [name, text] of Object.entries(data)) {
    await writeFile(join(folder, version, name), text)
    await symlink(join('..data', name), join(folder, name))
  }
  return folder
}

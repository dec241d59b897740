import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Test } from 'tap'
import { parse } from 'yaml'
import { isFields } from '../../../src/json/fields.ts'
import { codeBlocks, readDocument } from '../../docs/markdown.ts'
import { denied, passed } from '../expect.ts'
import { TYPO, TYPO_DENIED } from '../images.ts'
import { pod } from '../objects.ts'
import { MANIFESTS, mustRun, OVERLAYS, RELEASE_IMAGE } from '../release.ts'
import type { World } from '../world.ts'

const ACCOUNT = '--as=system:serviceaccount:pullgate:pullgate'

async function mayI(world: World, question: string): Promise<string> {
  const args = ['auth', 'can-i', ...question.split(' '), ACCOUNT]
  return (await world.kubectl(args)).stdout.trim()
}

export function installed(t: Test, world: World): void {
  t.test('the service account may do what the manifests say, and no more', async (t) => {
    const yes = [
      'get secrets -n team-a',
      'get serviceaccounts -n team-a',
      'get namespaces/team-a',
      'list nodes',
      'watch nodes',
      'get configmaps/cluster-autoscaler-status -n kube-system',
      'list pods -A',
      'list mutatingwebhookconfigurations',
      'watch mutatingwebhookconfigurations',
      'patch validatingwebhookconfigurations/pullgate',
      'patch secrets/pullgate-certificate -n pullgate',
    ]
    const no = [
      'get configmaps/other -n kube-system',
      'list secrets -A',
      'watch secrets -A',
      'create secrets -n pullgate',
      'patch secrets/other -n pullgate',
      'patch validatingwebhookconfigurations/other',
      'update validatingwebhookconfigurations/pullgate',
      'delete validatingwebhookconfigurations/pullgate',
      'create pods -n team-a',
      'create serviceaccounts/token -n pullgate',
    ]
    for (const question of yes) t.equal(await mayI(world, question), 'yes', question)
    for (const question of no) t.equal(await mayI(world, question), 'no', question)
  })

  t.test(
    'the Deployment keeps the rules of Pod Security, level restricted',
    async (t) => {
      const select = ['-n', 'pullgate', '-l', 'app.kubernetes.io/name=pullgate']
      const args = ['get', 'pods', ...select, '-o', 'name']
      await mustRun(world.plane, ['wait', '--for=create', 'pod', ...select])
      const { stdout } = await mustRun(world.plane, args)
      t.equal(stdout.trim().split('\n').length, 2)
    },
  )

  t.test('applying it again keeps the certificate and its caBundle', async (t) => {
    const state = async (): Promise<object> => {
      const bundle = 'jsonpath={.webhooks[*].clientConfig.caBundle}'
      const webhook = ['get', 'validatingwebhookconfiguration', 'pullgate', '-o', bundle]
      const data = ['get', 'secret', 'pullgate-certificate', '-n', 'pullgate']
      const [trusted, secret] = await Promise.all([
        mustRun(world.plane, webhook),
        mustRun(world.plane, [...data, '-o', 'jsonpath={.data}']),
      ])
      return { trusted: trusted.stdout, secret: secret.stdout }
    }
    const before = await state()
    t.match(before, { trusted: /^\S{100,}$/, secret: /"tls\.key":"\S{100,}"/ })
    await world.release.apply()
    t.same(await state(), before)
  })
}

export function monitored(t: Test, world: World): void {
  t.test('the component prometheus scrapes what the Deployment opens', async (t) => {
    const folder = t.testdir()
    const inManifests = (path: string): string => relative(folder, join(MANIFESTS, path))
    const kustomization = {
      resources: [inManifests('overlays/enforce')],
      components: [inManifests('components/prometheus')],
    }
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization))
    const { stdout } = await mustRun(world.plane, ['kustomize', folder])
    const objects = stdout.split('\n---\n').map((text): unknown => parse(text))
    const ofKind = (kind: string): unknown =>
      objects.find((each) => isFields(each) && each.kind === kind)

    t.match(ofKind('PodMonitor'), {
      spec: {
        selector: { matchLabels: { 'app.kubernetes.io/name': 'pullgate' } },
        podMetricsEndpoints: [{ port: 'metrics' }],
      },
    })
    t.match(ofKind('Deployment'), {
      spec: {
        template: {
          metadata: { labels: { 'app.kubernetes.io/name': 'pullgate' } },
          spec: { containers: [{ ports: [{}, { name: 'metrics' }] }] },
        },
      },
    })
    t.ok(ofKind('PrometheusRule'))
  })
}

export function upgrading(t: Test, world: World): void {
  t.test('an upgrade brings one new replica before an old one goes', async (t) => {
    await world.release.apply({ tag: '0.2.0' })
    const wait = '--for=jsonpath={.status.updatedReplicas}=1'
    const deployment = ['deployment/pullgate', '-n', 'pullgate', '--timeout=60s']
    await mustRun(world.plane, ['wait', wait, ...deployment])
    const images = 'jsonpath={.items[*].spec.containers[0].image}'
    const args = ['get', 'pods', '-n', 'pullgate', '-o', images]
    const { stdout } = await mustRun(world.plane, args)
    // Without a kubelet none gets ready, so it stays like this.
    t.same(stdout.split(' ').toSorted(), [
      `${RELEASE_IMAGE}:0.1.0`,
      `${RELEASE_IMAGE}:0.1.0`,
      `${RELEASE_IMAGE}:0.2.0`,
    ])
    const namespace = await world.namespace('upgraded')
    const bad = await world.apply(namespace, [pod('web', { image: TYPO })])
    denied(t, bad, TYPO_DENIED, 'judged as before')
  })
}

export function uninstalling(t: Test, world: World): void {
  t.test('uninstalling leaves nothing behind', async (t) => {
    await world.release.delete()
    t.same(await remains(world), [])
    const namespace = await world.namespace('afterwards')
    passed(
      t,
      await world.apply(namespace, [pod('web', { image: TYPO })]),
      [],
      'a bad Pod',
    )
  })

  t.test(
    'the kustomizations of docs/install.md are taken by the API server',
    async (t) => {
      await mustRun(world.plane, ['create', '-f', '-'], CERT_MANAGER.map(customResource))
      await mustRun(world.plane, ['wait', '--for=condition=Established', 'crd', '--all'])
      const { text } = readDocument('docs/install.md')
      const examples = codeBlocks(text).filter(({ code }) => /^kind: Kustom/m.test(code))
      t.equal(examples.length, 2)
      for (const [index, { code }] of examples.entries()) {
        const folder = join(world.plane.directory, `example-${index}`)
        await writeExample(code, folder)
        const image = 'image: registry.acme.test/platform/pullgate:0.1.0'
        t.match((await world.kubectl(['kustomize', folder])).stdout, image)
        await mustRun(world.plane, ['apply', '-k', folder])
      }
      for (const index of examples.keys()) {
        const folder = join(world.plane.directory, `example-${index}`)
        const args = ['delete', '-k', folder, '--ignore-not-found']
        await mustRun(world.plane, args)
      }
      t.same(await remains(world), [])
    },
  )

  t.test('each overlay is taken by the API server as it is shipped', async (t) => {
    for (const overlay of OVERLAYS) {
      const folder = join(MANIFESTS, 'overlays', overlay)
      const result = await world.kubectl(['apply', '-k', folder])
      passed(t, result, [], overlay)
      await mustRun(world.plane, ['delete', '-k', folder, '--wait=true'])
      t.same(await remains(world), [], `${overlay} is gone`)
    }
  })
}

/** What docs/install.md tells people to write, with the checkout where it is. */
async function writeExample(code: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const text = code.replaceAll('../pullgate/manifests', relative(folder, MANIFESTS))
  await writeFile(join(folder, 'kustomization.yaml'), text)
}

/** Whatever has the name, the label or the Namespace of the release. */
async function remains({ plane }: World): Promise<string[]> {
  const list = ['api-resources', '--verbs=list', '-o', 'name']
  const { stdout: kinds } = await mustRun(plane, list)
  const all = kinds
    .trim()
    .split('\n')
    .filter((kind) => !/^events(\.|$)/.test(kind))
  const names =
    'jsonpath={range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name}{"\\n"}{end}'
  const { stdout } = await mustRun(plane, ['get', all.join(','), '-A', '-o', names])
  return stdout.split('\n').filter((line) => /pullgate/.test(line))
}

const CERT_MANAGER = ['Certificate', 'Issuer']

/** As much of cert-manager as it takes to store its objects. */
function customResource(kind: string): object {
  const singular = kind.toLowerCase()
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${singular}s.cert-manager.io` },
    spec: {
      group: 'cert-manager.io',
      scope: 'Namespaced',
      names: { kind, singular, plural: `${singular}s`, listKind: `${kind}List` },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } },
      ],
    },
  }
}

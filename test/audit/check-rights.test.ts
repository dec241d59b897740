import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { demoConfiguration } from '../../src/demo/demo-configuration.ts'
import { startDemoRegistry } from '../../src/demo/demo-registry.ts'
import { fakeApiServer } from '../cluster-facts/fake-api-server.ts'
import { codeBlocks, readDocument } from '../docs/markdown.ts'
import { runInProcess } from '../support/run-in-process.ts'

// That the rights of docs/audit.md are enough is shown by test/cluster; here, that none of them is without use.

interface Rule {
  resources: string[]
  verbs: string[]
}

function documentedRights(role: string): string[] {
  const roles = codeBlocks(readDocument('docs/audit.md').text)
    .filter(({ language }) => language === 'yaml')
    .flatMap(({ code }) => parseAllDocuments(code))
    .map((each) => each.toJS() as { metadata?: { name?: string }; rules: Rule[] })
  const found = roles.find(({ metadata }) => metadata?.name === role)
  return (found?.rules ?? []).flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  )
}

/** What RBAC would have to allow; null for discovery, which everyone has. */
function rightFor(target: string): string | null {
  const { pathname } = new URL(target, 'http://localhost')
  const path = pathname.replace(/^\/k8s/, '').replace(/^\/apis?(?:\/[^/]+\.k8s\.io)?/, '')
  const parts = path.split('/').filter((part) => part !== '' && part !== 'v1')
  if (parts.length === 0) return null
  const [scope, , resource, name] = parts
  if (scope !== 'namespaces') return `list ${scope}`
  return resource === undefined
    ? 'get namespaces'
    : `${name ? 'get' : 'list'} ${resource}`
}

t.test(
  'check --cluster asks for all that docs/audit.md lists, and for no more',
  async (t) => {
    const registry = await startDemoRegistry()
    t.teardown(() => registry.close())
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } }
    const nodeInfo = { operatingSystem: 'linux', architecture: 'amd64' }
    const fake = await fakeApiServer(t, [{ ...node, status: { nodeInfo } }])
    const cwd = t.testdir({})
    const cluster = { server: fake.url.href, 'insecure-skip-tls-verify': true }
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'a',
      clusters: [{ name: 'a', cluster }],
      users: [{ name: 'a', user: { token: 'a' } }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    }
    await writeFile(join(cwd, 'kubeconfig'), JSON.stringify(kubeconfig))
    await writeFile(join(cwd, 'pullgate.yaml'), demoConfiguration(registry))
    const images = [
      'private.acme.test/team/api:2.1',
      'registry.acme.test/team/mainframe:1.0',
    ]
    const containers = images.map((image, index) => ({ name: `c${index}`, image }))
    const pod = (name: string, spec: object): object => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { containers, ...spec },
    })
    const items = [
      pod('named', { imagePullSecrets: [{ name: 'gone' }] }),
      pod('by-account', {}),
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: { template: { spec: { containers } } },
      },
    ]
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
    await writeFile(join(cwd, 'list.json'), list)

    const options = ['--kubeconfig', 'kubeconfig', '--config', 'pullgate.yaml']
    await runInProcess(['check', ...options, 'list.json'], { cwd })

    const asked = fake.requests.map(({ target }) => rightFor(target))
    const rights = new Set(asked.filter((right) => right !== null))
    t.same(rights, new Set(documentedRights('pullgate-check')))
  },
)

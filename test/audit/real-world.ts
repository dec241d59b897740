import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { scriptedRegistry } from '../registry/support/scripted-registry.ts'
import type { Script } from '../registry/support/scripted-registry.ts'
import { writeFiles } from '../support/webhook.ts'

/** About thirty manifests in the style of popular projects, with the mistakes that people make in them. */
export const realWorldFolder = fileURLToPath(
  new URL('../fixtures/real-world', import.meta.url),
)

export const PASSWORD = 'let-me-in'

const HOSTS = [
  'docker.io',
  'ghcr.io',
  'quay.io',
  'registry.k8s.io',
  'public.ecr.aws',
  'cr.fluent.example',
  'docker.elastic.example',
  'docker.pkg.example',
  'nvcr.example',
  'registry.forge.example',
]

/** One registry for all of their hosts: `private/` wants a password, `search/` is busy, and what people mistyped is not there. */
export async function startRealWorld(t: Test) {
  const registry = await scriptedRegistry(t, answer)
  const configuration = {
    registries: HOSTS.map((host) => ({ host, endpoint: registry.baseUrl })),
  }
  const { directory, configuration: file } = await writeFiles(t, {
    configuration,
    manifests: [],
  })
  return {
    registry,
    directory,
    config: file,
    inDirectory: (name: string) => join(directory, name),
  }
}

const answer: Script = ({ line, headers }, response) => {
  const [, path = ''] = line.split(' ')
  const [, repository = '', reference = ''] =
    /^\/v2\/(.+)\/manifests\/(.+)$/.exec(path) ?? []
  const fail = (status: number, code: string): void => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ errors: [{ code }] }))
  }
  const basic = `Basic ${Buffer.from(`deployer:${PASSWORD}`).toString('base64')}`
  if (repository.startsWith('private/') && headers.authorization !== basic) {
    response.setHeader('www-authenticate', 'Basic realm="forge"')
    fail(401, 'UNAUTHORIZED')
  } else if (repository.startsWith('search/')) fail(429, 'TOOMANYREQUESTS')
  else if (repository.endsWith('-gone')) fail(404, 'NAME_UNKNOWN')
  else if (reference === '16.44-alpine') fail(404, 'MANIFEST_UNKNOWN')
  else if (path.includes('/tags/list')) {
    const tags = ['15.4-alpine', '16.4-alpine', '17.4-alpine', '16.4']
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ name: 'library/postgres', tags }))
  } else {
    const digest = reference.startsWith('sha256:')
      ? reference
      : `sha256:${'d'.repeat(64)}`
    response.writeHead(200, {
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      'docker-content-digest': digest,
      'content-length': '500',
    })
    response.end()
  }
}

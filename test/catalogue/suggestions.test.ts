import t from 'tap'
import type { ServerResponse } from 'node:http'
import { suggestTags } from '../../src/prediction/explain/suggest-tags.ts'
import { refuse } from '../registry/support/scripted-registry.ts'
import type { SeenRequest } from '../registry/support/scripted-registry.ts'
import { asksBearer, found, json, repositories } from './answers.ts'
import { HOST, judge } from './world.ts'

t.test('the nearest tags come first, and what is far away stays away', (t) => {
  const cases: [what: string, wanted: string, tags: string[], expected: string[]][] = [
    [
      'a lost dot',
      '1.277',
      ['1.27', '1.27.7', '1.26.3', '1.27-alpine', 'latest', '1.28'],
      ['1.27.7', '1.27'],
    ],
    ['a v too much', 'v1.4.2', ['1.4.1', '1.4.2'], ['1.4.2']],
    ['a v too little', '1.4.2', ['v1.4.1', 'v1.4.2'], ['v1.4.2']],
    ['case', 'LATEST', ['latest', 'late'], ['latest']],
    ['a slip', 'mian', ['main', 'dev'], ['main']],
    ['a slip in a suffix', '3.21-alpne', ['3.21-alpine', '3.20-alpine'], ['3.21-alpine']],
    [
      'the same minor release',
      '1.30.9',
      ['1.30.8', '1.30.7', '1.29.9', '2.0.0'],
      ['1.30.8', '1.30.7'],
    ],
    [
      'the nearest minor releases where there is none',
      '1.31.0',
      ['1.30.2', '1.29.1', '1.12.0', '2.31.0'],
      ['1.30.2', '1.29.1'],
    ],
    ['the same suffix', '17.2-slim', ['17.1-slim', '17.1', '18-slim'], ['17.1-slim']],
    ['no other date', '20260102', ['20251231', '20260103'], []],
    ['nothing near', 'release', ['main', '1.0'], []],
    ['the newest versions for latest', 'latest', ['1.9', '1.10', 'dev'], ['1.10', '1.9']],
    ['three at most', '1.0', ['1.0.1', '1.0.2', '1.0.3', '1.0.4'], ['x', 'x', 'x']],
  ]
  for (const [what, wanted, tags, expected] of cases) {
    const suggested = suggestTags(wanted, tags)
    if (what === 'three at most') t.equal(suggested.length, expected.length, what)
    else t.same(suggested, expected, what)
  }
  t.end()
})

t.test('thousands of long tags are compared in no time', (t) => {
  const tags = Array.from({ length: 5_000 }, (_, index) => `${'a'.repeat(120)}${index}`)

  t.ok(suggestTags('a'.repeat(128), tags).length <= 3)
  t.end()
})

const missing = { cause: 'RepositoryNotFound', certainty: 'certain' } as const

t.test(
  'a repository that other images of the object use is named, once it is found',
  async (t) => {
    const image = `${HOST}/team/shopp:1.0`
    const sidecar = { name: 'side', image: `${HOST}/team/shop:2.0` }
    const registry = repositories('team/shop')

    const judged = await judge(t, {
      image,
      registry,
      spec: { initContainers: [sidecar] },
    })

    t.match(judged.leading, {
      ...missing,
      message: `${HOST} has no repository "team/shopp". Nearest repositories: ${HOST}/team/shop`,
    })
  },
)

t.test('a repository that does not exist either is not named', async (t) => {
  const image = `${HOST}/team/shopp:1.0`
  const sidecar = { name: 'side', image: `${HOST}/team/shop:2.0` }

  const judged = await judge(t, {
    image,
    registry: repositories('team/other'),
    spec: { initContainers: [sidecar] },
  })

  for (const { message } of judged.findings) t.notMatch(message, 'Nearest')
})

function podOf(namespace: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'running', namespace },
    spec: { containers: [{ name: 'a', image: `${HOST}/team/shop:2.0` }] },
    status: { containerStatuses: [{ name: 'a', imageID: 'x' }] },
  }
}

t.test('Pods of the same namespace are looked at, and of no other', async (t) => {
  const image = `${HOST}/team/shopp:1.0`
  const registry = repositories('team/shop')

  const own = await judge(t, { image, registry, objects: [podOf('team-a')] })
  const foreign = await judge(t, { image, registry, objects: [podOf('team-b')] })

  t.match(own.leading?.message ?? '', `Nearest repositories: ${HOST}/team/shop`)
  t.match(foreign.leading, missing)
  t.notMatch(foreign.leading?.message ?? '', 'Nearest')
})

t.test(
  'library/ is tried where it is missing, and left out where it is too much',
  async (t) => {
    const harbor = await judge(t, {
      image: `${HOST}/app:1.0`,
      registry: repositories('library/app'),
    })
    t.match(harbor.leading?.message ?? '', `Nearest repositories: ${HOST}/library/app`)

    const hub = await judge(t, {
      image: 'docker.io/nginxx/nginx:1.27',
      host: 'docker.io',
      registry: (request: SeenRequest, response: ServerResponse, attempt: number) =>
        request.line.includes('/v2/library/nginx/')
          ? found(request, response, attempt)
          : asksBearer()(request, response, attempt),
    })
    t.match(hub.leading, {
      cause: 'CredentialsRequired',
      message: /Anybody may pull docker\.io\/library\/nginx\./,
    })
  },
)

t.test('at most two more repositories are asked for', async (t) => {
  const image = `${HOST}/team/shopp:1.0`
  const initContainers = ['shop', 'shops', 'shoppe', 'shopq'].map((name) => ({
    name,
    image: `${HOST}/team/${name}:1.0`,
    imagePullPolicy: 'Never',
  }))

  const { lines } = await judge(t, {
    image,
    registry: repositories(),
    spec: { initContainers },
  })

  const others = new Set(
    lines.filter((line) => !line.includes('/shopp/')).map((line) => line.split('/')[3]),
  )
  t.ok(others.size <= 2, [...others].join())
})

t.test('a tag list that never comes costs the verdict nothing', async (t) => {
  const { leading, action } = await judge(t, {
    registry({ line }, response) {
      // Left open: the suggestions give up on their own.
      if (!line.includes('/tags/list')) refuse(response, 404, 'MANIFEST_UNKNOWN')
    },
  })

  t.match(leading, { cause: 'ImageNotFound', certainty: 'certain' })
  t.equal(action, 'deny')
})

t.test('a first page of tags is enough when the second one fails', async (t) => {
  const { leading } = await judge(t, {
    image: `${HOST}/team/app:1.1`,
    registry({ line }, response) {
      if (!line.includes('/tags/list')) return refuse(response, 404, 'MANIFEST_UNKNOWN')
      if (line.includes('last=')) return refuse(response, 500)
      response.setHeader('link', '</v2/team/app/tags/list?last=1.0&n=1>; rel="next"')
      json(response, { tags: ['1.0', '1.1.1'] })
    },
  })

  t.match(leading?.message ?? '', 'Nearest tags: 1.1.1')
})

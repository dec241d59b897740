import { test } from 'tap'
import type { Challenge } from '../../src/registry/challenge.ts'
import { createCredentialFingerprint } from '../../src/registry/credential-fingerprint.ts'
import { newTrail } from '../../src/registry/exchange.ts'
import { createKnownChallenges } from '../../src/registry/known-challenges.ts'
import { silentObserver } from '../../src/registry/registry-observer.ts'
import { createTokenService } from '../../src/registry/token-service.ts'
import {
  BASIC,
  bearerRegistry,
  challenge,
  client,
  credential,
  found,
  json,
} from './support/bearer-registry.ts'
import { endpointOf, requestFor } from './support/client-of.ts'
import { refuse, scriptedRegistry } from './support/scripted-registry.ts'
import type { Script, SeenRequest } from './support/scripted-registry.ts'
import { sparingBearerClient } from './support/sparing-bearer-client.ts'

const ofRepository = (
  repository: string,
  credentialOf: typeof credential | null = null,
  tag = '1.0',
) => {
  const request = requestFor(tag, credentialOf)
  const pullReference = `registry.acme.test/${repository}:${tag}`
  return { ...request, reference: { ...request.reference, repository, pullReference } }
}

const scopeIn = (line: string): string =>
  /^\S+ \/v2\/(.+)\/(?:manifests|tags|blobs)\//.exec(line)?.[1] ?? ''

/** Asks for a token of the repository's own scope, as nearly all registries do. */
const ownChallenge = (request: SeenRequest): Record<string, string> => ({
  'www-authenticate': `Bearer realm="http://${request.headers.host}/token",service="acme",scope="repository:${scopeIn(request.line)}:pull"`,
})

const page: Script = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html', 'content-length': '5' })
  response.end()
}
const status =
  (code: number, headers: Record<string, string> = {}): Script =>
  (_request, response) =>
    refuse(response, code, '', headers)

const isOther = ({ line }: SeenRequest): boolean => line.includes('/v2/team/other/')

const asker = (repository: string) => ({
  endpoint: endpointOf('https://acme.test'),
  registry: 'acme.test',
  repository,
  credential: null,
})

await test('a new repository of a known token registry costs two requests, and then one', async (t) => {
  for (const who of [null, credential]) {
    const registry = await bearerRegistry(t, { ask: ownChallenge })
    const one = client(registry)
    await one.lookup(ofRepository('team/app', who))
    const before = registry.seen.length

    t.match(await one.lookup(ofRepository('team/other', who)), {
      outcome: 'found',
      evidence: { requests: 2, access: who === null ? 'anonymous-token' : 'credential' },
    })
    t.match(await one.lookup(ofRepository('team/other', who, '2.0')), {
      outcome: 'found',
      evidence: { requests: 1 },
    })
    const [token] = registry.seen.slice(before)
    t.match(`${token?.line} ${token?.body}`, /repository%3Ateam%2Fother%3Apull/)
    t.notMatch(`${token?.line} ${token?.body}`, /team%2Fapp/)
  }
})

await test('a credential goes to no token service that has not had it', async (t) => {
  const registry = await bearerRegistry(t, { ask: ownChallenge })
  const one = client(registry)
  await one.lookup(ofRepository('team/app', credential))

  const others = [{ ...credential, password: 'MARK-other' }, null]
  for (const [each, other] of others.entries()) {
    const before = registry.seen.length
    await one.lookup(ofRepository(`team/other-${each}`, other))
    t.equal(
      registry.lines()[before],
      `HEAD /v2/team/other-${each}/manifests/1.0`,
      'the repository is asked first',
    )
  }
})

await test('a password goes to no repository that has not asked for it', async (t) => {
  const registry = await scriptedRegistry(t, (request, response) => {
    const isOpen = request.line.includes('/open/')
    if (isOpen || request.headers.authorization === BASIC) return found(request, response)
    refuse(response, 401, '', { 'www-authenticate': 'Basic realm="r"' })
  })
  const one = client(registry)
  await one.lookup(ofRepository('team/app', credential))

  t.match(await one.lookup(ofRepository('open/app', credential)), {
    outcome: 'found',
    evidence: { access: 'open', requests: 1 },
  })
  t.equal(registry.seen.at(-1)?.headers.authorization, undefined)
})

await test('a wrong guess changes no verdict', async (t) => {
  const basic = { 'www-authenticate': 'Basic realm="b"' }
  /** What the other repository answers to a token that it did not ask for, and to nobody. */
  const others: { name: string; withToken: Script; bare: Script; expected: object }[] = [
    ...[400, 401, 403, 404, 429, 500, 502].map((code) => ({
      name: `open, ${code} to strange tokens`,
      withToken: status(code),
      bare: found,
      expected: { outcome: 'found', evidence: { access: 'open' } },
    })),
    {
      name: 'open, a page to strange tokens',
      withToken: page,
      bare: found,
      expected: { outcome: 'found', evidence: { access: 'open' } },
    },
    {
      name: 'it hides what a token of another does not open, and asks for Basic',
      withToken: (request, response, attempt) =>
        request.headers.authorization === BASIC
          ? found(request, response)
          : status(404)(request, response, attempt),
      bare: status(401, basic),
      expected: { outcome: 'found', evidence: { access: 'credential' } },
    },
    {
      name: 'it is not there',
      withToken: status(404),
      bare: (request, response) => refuse(response, 401, '', ownChallenge(request)),
      expected: { outcome: 'not-found', evidence: { access: 'credential' } },
    },
    {
      name: 'it is not there, and open',
      withToken: status(403),
      bare: status(404),
      expected: { outcome: 'not-found', evidence: { access: 'open' } },
    },
    {
      name: 'it has no challenge',
      withToken: status(403),
      bare: status(401),
      expected: { outcome: 'unauthorized', reason: 'no-challenge' },
    },
  ]
  for (const { name, withToken, bare, expected } of others) {
    const mixed = await scriptedRegistry(t, (request, response, attempt) => {
      if (isOther(request) && request.headers.authorization === undefined)
        return bare(request, response, attempt)
      if (request.line.includes(' /token'))
        return json(response, { access_token: 'MARK-token', token: 'MARK-token' })
      if (request.headers.authorization === undefined)
        return refuse(response, 401, '', ownChallenge(request))
      return (isOther(request) ? withToken : found)(request, response, attempt)
    })
    const cold = await client(mixed).lookup(ofRepository('team/other', credential))
    const one = client(mixed)
    await one.lookup(ofRepository('team/app', credential))
    const warm = await one.lookup(ofRepository('team/other', credential))

    t.match(cold, expected, `${name}: cold`)
    t.match(warm, expected, `${name}: after a guess`)
  }
})

await test('a registry whose repositories differ is guessed at once', async (t) => {
  const registry = await scriptedRegistry(t, (request, response) => {
    if (request.line.includes(' /token')) return json(response, { token: 't' })
    const isPrivate = request.line.includes('/v2/team/app/')
    if (!isPrivate && request.headers.authorization !== undefined)
      return refuse(response, 400)
    if (isPrivate && request.headers.authorization === undefined)
      return refuse(response, 401, '', ownChallenge(request))
    found(request, response)
  })
  const one = client(registry)
  await one.lookup(ofRepository('team/app'))

  const costs: number[] = []
  for (const repository of ['open/a', 'open/b', 'open/c']) {
    const { evidence } = await one.lookup(ofRepository(repository))
    costs.push(evidence.requests)
  }
  t.same(costs, [3, 1, 1])
})

await test('a registry that is limiting or in trouble is guessed at again', async (t) => {
  const troubles: [code: number, headers?: Record<string, string>][] = [
    [429],
    [429, { 'retry-after': '1' }],
    [500],
    [502],
    [503, { 'retry-after': '1' }],
    [504],
  ]
  for (const [code, headers] of troubles) {
    const clock = { nowMs: 0 }
    let isInTrouble = false
    const registry = await scriptedRegistry(t, (request, response, attempt) => {
      if (request.line.includes(' /token')) return json(response, { token: 't' })
      if (isInTrouble) return status(code, headers)(request, response, attempt)
      if (request.headers.authorization === undefined)
        return refuse(response, 401, '', ownChallenge(request))
      found(request, response)
    })
    const one = sparingBearerClient(t, registry, { now: () => clock.nowMs })
    await one.lookup(ofRepository('team/app'))
    isInTrouble = true
    t.match(await one.lookup(ofRepository('team/other')), { evidence: { status: code } })
    isInTrouble = false
    clock.nowMs = 1_000

    const { outcome, evidence } = await one.lookup(ofRepository('team/third'))
    t.same(
      [outcome, evidence.requests],
      ['found', 2],
      `${code} ${headers ? 'paused' : ''}`,
    )
  }
})

await test("a challenge that is one repository's alone is asked of no other", async (t) => {
  const realms: ((repository: string) => string)[] = [
    // Artifactory with repositories in the path.
    (name) => `realm="HOST/token/api/docker/${name.split('/')[0]}/v2",service="s"`,
    () => `realm="HOST/token",scope="repository:some/other:pull"`,
  ]
  for (const realm of realms) {
    const registry = await scriptedRegistry(t, (request, response) => {
      if (request.line.includes(' /token')) return json(response, { token: 't' })
      if (request.headers.authorization !== undefined) return found(request, response)
      const parameters = realm(scopeIn(request.line))
      refuse(response, 401, '', {
        'www-authenticate': `Bearer ${parameters.replace('HOST', `http://${request.headers.host}`)}`,
      })
    })
    const one = client(registry)
    await one.lookup(ofRepository('docker-local/app'))

    t.match(await one.lookup(ofRepository('docker-remote/app')), {
      outcome: 'found',
      evidence: { requests: 3 },
    })
  }
})

await test('what is hidden from a credential is looked for without', async (t) => {
  let isOpen = false
  const opened = await scriptedRegistry(t, (request, response) => {
    if (request.line.includes(' /token')) return json(response, { token: 't' })
    const isAsked = request.headers.authorization === undefined
    if (!isOpen)
      return isAsked
        ? refuse(response, 401, '', challenge(request))
        : found(request, response)
    return isAsked ? found(request, response) : refuse(response, 404)
  })
  const one = client(opened)
  t.match(await one.lookup(requestFor()), { outcome: 'found' })
  isOpen = true
  t.match(await one.lookup(requestFor()), {
    outcome: 'found',
    evidence: { access: 'open' },
  })
})

await test('tokens are bounded in bytes', async (t) => {
  let asked = 0
  const tokens = createTokenService({
    exchange: async ({ url }) => {
      asked++
      const body = Buffer.from(JSON.stringify({ token: 'x'.repeat(30_000) }))
      const response = { status: 200, headers: {}, truncated: false, verified: true }
      return { kind: 'response', url, response: { kind: 'response', body, ...response } }
    },
    observer: silentObserver,
    fingerprint: createCredentialFingerprint(),
    now: () => 0,
    wallClock: () => 0,
    timeoutMs: 1_000,
  })
  const ask = (each: number) =>
    tokens.token(
      {
        realm: new URL('https://acme.test/token'),
        service: 'acme',
        scopes: [`repository:team/app-${each}:pull`],
        credential: null,
        endpoint: endpointOf('https://acme.test'),
        fresh: false,
        signal: AbortSignal.timeout(20_000),
      },
      newTrail(),
    )
  for (let each = 0; each < 200; each++) await ask(each)
  t.equal(asked, 200)
  t.match(await ask(199), { kind: 'token', fromCache: true }, 'the last is kept')
  t.match(await ask(0), { fromCache: false }, 'the first had to make room')
})

await test('challenges are bounded in bytes', (t) => {
  const known = createKnownChallenges({
    fingerprint: createCredentialFingerprint(),
    now: () => 0,
  })
  const long: Challenge = {
    scheme: 'bearer',
    parameters: new Map([
      ['realm', `https://acme.test/${'x'.repeat(10_000)}`],
      ['error', 'y'.repeat(1_000_000)],
    ]),
  }
  for (let each = 0; each < 1_000; each++) known.asked(asker(`app-${each}`), long)
  t.match(known.find(asker('app-999')), { isGuess: false })
  t.notOk(known.find(asker('app-999'))?.challenge.parameters.has('error'))
  t.equal(known.find(asker('app-0')), null)
  t.end()
})

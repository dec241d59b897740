import { test } from 'tap'
import {
  BASIC,
  bearerRegistry,
  challenge,
  client,
  credential,
  found,
  json,
  SCOPE,
} from './support/bearer-registry.ts'
import type { Guise } from './support/bearer-registry.ts'
import { clientOf, endpointOf, requestFor } from './support/client-of.ts'
import { refuse, scriptedRegistry } from './support/scripted-registry.ts'
import type { Script, SeenRequest } from './support/scripted-registry.ts'
import { tappedTransport } from './support/tapped-transport.ts'

const HEAD = 'HEAD /v2/team/app/manifests/1.0'
const TOKEN_GET = 'GET /token?service=acme&scope=repository%3Ateam%2Fapp%3Apull'

const tokenStatus =
  (status: number, headers: Record<string, string> = {}): Script =>
  (_request, response) =>
    refuse(response, status, 'DENIED', headers)

const postThen =
  (status: number, get: Script): Script =>
  (request, response, attempt) =>
    request.line.startsWith('POST')
      ? refuse(response, status)
      : get(request, response, attempt)

const gives =
  (body: unknown): Script =>
  (_request, response) =>
    json(response, body)

const manifest401 =
  (extra: string): Script =>
  (request, response) =>
    refuse(response, 401, '', challenge(request, extra))

await test('a bearer registry costs three requests cold, and one warm', async (t) => {
  const registry = await bearerRegistry(t)
  const one = client(registry)

  const cold = await one.lookup(requestFor())
  const warm = await one.lookup(requestFor('2.0'))

  t.same(registry.lines(), [HEAD, TOKEN_GET, HEAD, HEAD.replace('1.0', '2.0')])
  t.equal(registry.seen[1]?.headers.authorization, undefined)
  t.match(cold, {
    outcome: 'found',
    evidence: { access: 'anonymous-token', requests: 3 },
  })
  t.match(warm, {
    outcome: 'found',
    evidence: { access: 'anonymous-token', requests: 1 },
  })
})

await test('a credential goes to the token service by POST, and not to the registry', async (t) => {
  const registry = await bearerRegistry(t)

  const result = await client(registry).lookup(requestFor('1.0', credential))

  t.same(registry.lines(), [HEAD, 'POST /token', HEAD])
  t.same(Object.fromEntries(new URLSearchParams(registry.seen[1]?.body)), {
    grant_type: 'password',
    service: 'acme',
    client_id: 'containerd-client',
    scope: SCOPE,
    ...credential,
  })
  t.equal(registry.seen[2]?.headers.authorization, 'Bearer MARK-token')
  t.match(result, { outcome: 'found', evidence: { access: 'credential' } })
})

await test('an incomplete credential is anonymous', async (t) => {
  for (const incomplete of [
    { username: '', password: 'MARK-password' },
    { username: 'MARK-user', password: '' },
  ]) {
    const registry = await bearerRegistry(t)
    await client(registry).lookup(requestFor('1.0', incomplete))
    t.same(registry.lines(), [HEAD, TOKEN_GET, HEAD])
  }
})

await test('scopes are sorted, each once, with that of the repository among them', async (t) => {
  const registry = await bearerRegistry(t, {
    ask: ({ headers: { host } }) => ({
      'www-authenticate': `bearer REALM="http://${host}/token?a=1",scope="z:y:x a:b:c z:y:x"`,
    }),
  })

  await client(registry).lookup(requestFor())

  t.equal(
    registry.lines()[1],
    'GET /token?a=1&scope=a%3Ab%3Ac&scope=repository%3Ateam%2Fapp%3Apull&scope=z%3Ay%3Ax',
  )
})

await test('every way in which tokens fail is told apart', async (t) => {
  const table: {
    name: string
    guise: Guise
    credential?: typeof credential
    expected: Record<string, unknown>
    requests: number
  }[] = [
    ...[400, 401, 404, 405].map((status) => ({
      name: `POST ${status} falls back to GET with Basic`,
      guise: { token: postThen(status, gives({ token: 't' })) },
      credential,
      expected: { outcome: 'found' },
      requests: 4,
    })),
    {
      name: 'POST 403 is final',
      guise: { token: tokenStatus(403) },
      credential,
      expected: {
        outcome: 'unauthorized',
        reason: 'token-refused',
        credentialSent: true,
        evidence: { errors: [{ code: 'DENIED' }] },
      },
      requests: 2,
    },
    {
      name: 'GET 401 after POST 401 refuses the credential',
      guise: { token: tokenStatus(401) },
      credential,
      expected: {
        outcome: 'unauthorized',
        reason: 'token-refused',
        credentialSent: true,
        evidence: { status: 401 },
      },
      requests: 3,
    },
    ...[401, 403].map((status) => ({
      name: `an anonymous token may be refused with ${status}`,
      guise: { token: tokenStatus(status) },
      expected: {
        outcome: 'unauthorized',
        reason: 'token-refused',
        credentialSent: false,
      },
      requests: 2,
    })),
    {
      name: '429 of the token service is a rate limit',
      guise: { token: tokenStatus(429, { 'retry-after': '2' }) },
      expected: { outcome: 'rate-limited', stage: 'token', retryAfterMs: 2000 },
      requests: 2,
    },
    ...[400, 404, 500, 503].map((status) => ({
      name: `${status} of the token service is its failure, and not repeated`,
      guise: { token: tokenStatus(status) },
      expected: { outcome: 'token-service-failure', fault: 'status' },
      requests: 2,
    })),
    {
      name: 'a page instead of JSON',
      guise: { token: gives('<html>') },
      expected: { outcome: 'token-service-failure', fault: 'not-json' },
      requests: 2,
    },
    ...[{}, { token: '' }, { token: 'a\r\nb' }, { token: 7 }, { access_token: null }].map(
      (body) => ({
        name: `no token in ${JSON.stringify(body)}`,
        guise: { token: gives(body) },
        expected: { outcome: 'token-service-failure', fault: 'no-token' },
        requests: 2,
      }),
    ),
    {
      name: 'POST needs access_token',
      guise: { token: gives({ token: 'only' }) },
      credential,
      expected: { outcome: 'token-service-failure', fault: 'no-token' },
      requests: 2,
    },
    ...['Bearer service="x"', 'Bearer realm="/relative"', 'Bearer realm="ftp://x/"'].map(
      (line) => ({
        name: `no usable realm in ${line}`,
        guise: { ask: () => ({ 'www-authenticate': line }) },
        expected: { outcome: 'token-service-failure', fault: 'no-realm' },
        requests: 1,
      }),
    ),
    {
      name: 'a token service that is down',
      guise: {
        ask: () => ({ 'www-authenticate': 'Bearer realm="http://127.0.0.1:1/token"' }),
      },
      expected: {
        outcome: 'unreachable',
        target: 'token-service',
        fault: 'connection-refused',
      },
      requests: 2,
    },
    {
      name: 'a token that lacks the scope',
      guise: { manifest: manifest401(',error="insufficient_scope"') },
      expected: {
        outcome: 'unauthorized',
        reason: 'insufficient-scope',
        credentialSent: false,
        evidence: { errors: [{ code: 'insufficient_scope' }], access: 'anonymous-token' },
      },
      requests: 3,
    },
    {
      name: 'a token that lacks the scope, with a credential',
      guise: { manifest: manifest401(',error="insufficient_scope"') },
      credential,
      expected: {
        outcome: 'unauthorized',
        reason: 'insufficient-scope',
        credentialSent: true,
      },
      requests: 3,
    },
    {
      name: "Quay's second 401, without a word",
      guise: { manifest: manifest401('') },
      expected: { outcome: 'unauthorized', reason: 'still-unauthorized' },
      requests: 3,
    },
    {
      name: "Harbor's change to Basic without a credential",
      guise: {
        manifest: (_request, response) =>
          refuse(response, 401, '', { 'www-authenticate': 'Basic realm="harbor"' }),
      },
      expected: {
        outcome: 'unauthorized',
        reason: 'no-credentials',
        credentialSent: false,
      },
      requests: 3,
    },
    {
      name: "Harbor's change to Basic with a credential, sent once",
      guise: {
        manifest: (_request, response) =>
          refuse(response, 401, '', { 'www-authenticate': 'Basic realm="harbor"' }),
      },
      credential,
      expected: { outcome: 'unauthorized', reason: 'rejected', credentialSent: true },
      requests: 4,
    },
    {
      name: 'an error in the very first challenge is tolerated',
      guise: { ask: (request) => challenge(request, ',error="invalid_token"') },
      expected: { outcome: 'found' },
      requests: 3,
    },
    {
      name: 'Bearer is preferred to Basic, and never left for it',
      guise: {
        ask: (request) => ({
          'www-authenticate': [
            'Basic realm="b"',
            challenge(request)['www-authenticate'] ?? '',
          ],
        }),
        token: tokenStatus(401),
      },
      credential,
      expected: { outcome: 'unauthorized', reason: 'token-refused' },
      requests: 3,
    },
  ]
  for (const row of table) {
    const registry = await bearerRegistry(t, row.guise)
    const request = requestFor('1.0', row.credential ?? null)

    const result = await client(registry).lookup(request)

    t.match(result, row.expected, row.name)
    t.equal(result.evidence.requests, row.requests, row.name)
    t.notMatch(JSON.stringify(result), /MARK-/, `${row.name}: nothing secret`)
  }
})

await test('Basic', async (t) => {
  const basicRegistry = (accepted: string) =>
    scriptedRegistry(t, (request, response) => {
      if (request.headers.authorization === accepted) return found(request, response)
      refuse(response, 401, '', { 'www-authenticate': 'Basic realm="r, \\"q\\""' })
    })

  await t.test('without a credential there is nothing to send', async (child) => {
    const registry = await basicRegistry(BASIC)
    child.match(await client(registry).lookup(requestFor()), {
      outcome: 'unauthorized',
      reason: 'no-credentials',
    })
    child.equal(registry.seen.length, 1)
  })

  await t.test('a credential is sent, the next time at once', async (child) => {
    const registry = await basicRegistry(BASIC)
    const one = client(registry)

    child.match(await one.lookup(requestFor('1.0', credential)), {
      outcome: 'found',
      evidence: { access: 'credential', requests: 2 },
    })
    child.match(await one.lookup(requestFor('1.0', credential)), {
      outcome: 'found',
      evidence: { requests: 1 },
    })
  })

  await t.test('a wrong credential is sent once per look-up', async (child) => {
    const registry = await basicRegistry('other')
    const one = client(registry)

    for (let times = 1; times <= 2; times++) {
      const result = await one.lookup(requestFor('1.0', credential))
      child.match(result, {
        outcome: 'unauthorized',
        reason: 'rejected',
        credentialSent: true,
        evidence: { requests: 2, status: 401 },
      })
      child.equal(
        registry.seen.filter(({ headers }) => headers.authorization).length,
        times,
      )
      child.notMatch(JSON.stringify(result), /MARK-/)
    }
  })

  await t.test('nor twice where each 401 names another realm', async (child) => {
    const registry = await scriptedRegistry(child, (_request, response, attempt) =>
      refuse(response, 401, '', { 'www-authenticate': `Basic realm="r-${attempt}"` }),
    )
    const one = client(registry)
    for (let times = 1; times <= 2; times++) {
      child.match(await one.lookup(requestFor('1.0', credential)), { reason: 'rejected' })
      const sent = registry.seen.filter(({ headers }) => headers.authorization)
      child.equal(sent.length, times)
    }
  })

  await t.test('Digest beside it is passed over', async (child) => {
    const registry = await scriptedRegistry(child, (request, response) => {
      if (request.headers.authorization !== undefined) return found(request, response)
      refuse(response, 401, '', {
        'www-authenticate': ['Digest realm="d"', 'basic realm="b"'],
      })
    })
    child.match(await client(registry).lookup(requestFor('1.0', credential)), {
      outcome: 'found',
    })
  })
})

await test('credentials are used only where they are asked for', async (t) => {
  const open = await scriptedRegistry(t, found)
  t.match(await client(open).lookup(requestFor('1.0', credential)), {
    outcome: 'found',
    evidence: { access: 'open' },
  })
  t.equal(open.seen[0]?.headers.authorization, undefined)

  let isOpen = false
  const opened = await scriptedRegistry(t, (request, response) => {
    const isAsked = request.headers.authorization !== undefined || !isOpen
    if (isAsked)
      return refuse(response, 401, '', { 'www-authenticate': 'Basic realm="r"' })
    found(request, response)
  })
  const one = client(opened)
  t.match(await one.lookup(requestFor('1.0', credential)), { reason: 'rejected' })
  isOpen = true
  t.match(
    await one.lookup(requestFor('1.0', credential)),
    { outcome: 'found', evidence: { access: 'open' } },
    'a remembered challenge does not stand in the way',
  )
})

await test('a refused token from the cache is replaced once', async (t) => {
  let given = 0
  let accepted = 1
  const registry = await bearerRegistry(t, {
    token: (_request, response) =>
      json(response, { token: `t${++given}`, expires_in: 300 }),
    manifest: (request, response) =>
      request.headers.authorization === `Bearer t${accepted}`
        ? found(request, response)
        : refuse(response, 401, '', challenge(request, ',error="invalid_token"')),
  })
  const one = client(registry)
  await one.lookup(requestFor())
  accepted = 2

  t.match(await one.lookup(requestFor()), { outcome: 'found', evidence: { requests: 3 } })
  accepted = 99
  t.match(await one.lookup(requestFor()), { reason: 'insufficient-scope' })
  t.equal(given, 3)
})

await test('no refusal rests on a token from the cache', async (t) => {
  for (const status of [403, 404]) {
    let given = 0
    const registry = await bearerRegistry(t, {
      token: (_request, response) =>
        json(response, { token: `t${++given}`, expires_in: 300 }),
      manifest: (request, response) =>
        request.headers.authorization === 'Bearer t2'
          ? found(request, response)
          : refuse(response, status),
    })
    const one = client(registry, {})
    await one.lookup(requestFor())

    t.match(await one.lookup(requestFor()), {
      outcome: 'found',
      evidence: { requests: 3 },
    })
  }
})

await test('tokens are kept for as long as they live, less a margin', async (t) => {
  let nowMs = 1_000_000
  const registry = await bearerRegistry(t)
  const one = client(registry, { now: () => nowMs })
  const tokens = (): number =>
    registry.lines().filter((line) => line.includes('/token')).length
  await one.lookup(requestFor())

  nowMs += 289_000
  await one.lookup(requestFor())
  t.equal(tokens(), 1)
  nowMs += 2_000
  await one.lookup(requestFor())
  t.equal(tokens(), 2)
})

await test('a wall clock that jumps makes no token older or younger', async (t) => {
  const clock = { steadyMs: 1_000, wallMs: Date.now() }
  const registry = await bearerRegistry(t)
  const one = client(registry, {
    now: () => clock.steadyMs,
    wallClock: () => clock.wallMs,
  })
  const tokens = (): number =>
    registry.lines().filter((line) => line.includes('/token')).length
  await one.lookup(requestFor())

  clock.wallMs += 6 * 3_600_000
  await one.lookup(requestFor())
  t.equal(tokens(), 1)
  clock.wallMs -= 12 * 3_600_000
  clock.steadyMs += 291_000
  await one.lookup(requestFor())
  t.equal(tokens(), 2)
})

await test('tokens of one credential are never used for another', async (t) => {
  const registry = await bearerRegistry(t)
  const one = client(registry)
  await one.lookup(requestFor('1.0', credential))
  await one.lookup(requestFor('1.0', { ...credential, password: 'MARK-other' }))
  await one.lookup(requestFor())

  t.equal(registry.lines().filter((line) => line.includes('/token')).length, 3)
})

const askWithoutScope = (request: SeenRequest): Record<string, string> => ({
  'www-authenticate': `Bearer realm="http://${request.headers.host}/token",service="acme"`,
})

await test('tokens of one repository are never used for another', async (t) => {
  const registry = await bearerRegistry(t, { ask: askWithoutScope })
  const one = client(registry)
  const request = requestFor('1.0', credential)
  const reference = { ...request.reference, repository: 'team/other' }
  await one.lookup(request)
  await one.lookup({ ...request, reference })

  t.equal(registry.lines().filter((line) => line.includes('/token')).length, 2)
})

await test('equal token requests are one, and no asker ends it for the others', async (t) => {
  const controller = new AbortController()
  const gate = Promise.withResolvers<null>()
  const asked = Promise.withResolvers<null>()
  const registry = await bearerRegistry(t, {
    token: (_request, response) => {
      asked.resolve(null)
      void gate.promise.then(() => json(response, { token: 't' }))
    },
  })
  const one = client(registry)

  const impatient = one.lookup(requestFor('1.0', null, { signal: controller.signal }))
  await asked.promise
  const patient = one.lookup(requestFor('2.0'))
  controller.abort()
  t.match(await impatient, { outcome: 'interrupted' })
  gate.resolve(null)

  t.match(await patient, { outcome: 'found' })
  t.equal(registry.lines().filter((line) => line.includes('/token')).length, 1)
})

await test('a token service that is too slow is unreachable', async (t) => {
  const registry = await bearerRegistry(t, { token: () => {} })

  const result = await client(registry, { tokenTimeoutMs: 1 }).lookup(requestFor())

  t.match(result, {
    outcome: 'unreachable',
    fault: 'response-timeout',
    target: 'token-service',
  })
})

await test('realms', async (t) => {
  await t.test(
    'over plain HTTP get no credential of an https registry',
    async (child) => {
      const transport = tappedTransport(({ url }) => ({
        kind: 'response',
        status: 401,
        headers: { 'www-authenticate': 'Bearer realm="http://acme.test/token"' },
        body: Buffer.alloc(0),
        truncated: false,
        verified: url.protocol === 'https:',
      }))
      const https = clientOf([endpointOf('https://acme.test')], { transport })

      child.match(await https.lookup(requestFor('1.0', credential)), {
        outcome: 'token-service-failure',
        fault: 'no-realm',
        evidence: { verified: true },
      })
      child.same(
        transport.sent.map(({ method }) => method),
        ['HEAD'],
      )
      child.match(await https.lookup(requestFor()), {
        reason: 'token-refused',
        evidence: { verified: false },
      })
    },
  )

  await t.test(
    'at a refused address are told apart, and have no exemption',
    async (child) => {
      const registry = await bearerRegistry(child, {
        ask: () => ({
          'www-authenticate': 'Bearer realm="http://user:pw@169.254.169.254/token"',
        }),
      })
      const transport = tappedTransport(({ url, operatorChosen }) => {
        if (operatorChosen) return null
        child.equal(url.username, '')
        return { kind: 'refused-address', host: '169.254.169.254:80' }
      })

      const result = await client(registry, { transport }).lookup(
        requestFor('1.0', credential),
      )

      child.match(result, {
        outcome: 'refused-address',
        target: 'token-service',
        host: '169.254.169.254:80',
      })
    },
  )

  await t.test('that redirect take no password along', async (child) => {
    const thief = await scriptedRegistry(child, (_request, response) =>
      json(response, { token: 't', access_token: 't' }),
    )
    const elsewhere = thief.baseUrl.replace('127.0.0.1', 'localhost')
    for (const status of [302, 307]) {
      const registry = await bearerRegistry(child, {
        token: (_request, response) => {
          response.writeHead(status, { location: `${elsewhere}/token` })
          response.end()
        },
      })
      await client(registry).lookup(requestFor('1.0', credential))
    }
    child.notMatch(JSON.stringify(thief.seen), /MARK-/)
    child.notMatch(JSON.stringify(thief.seen), new RegExp(BASIC.slice(6)))
  })
})

await test('a 401 from another host after a redirect is not answered', async (t) => {
  const other = await scriptedRegistry(t, (_request, response) =>
    refuse(response, 401, '', { 'www-authenticate': 'Basic realm="other"' }),
  )
  const registry = await scriptedRegistry(t, (_request, response) => {
    response.writeHead(307, { location: `${other.baseUrl}/x` })
    response.end()
  })

  const result = await client(registry).lookup(requestFor('1.0', credential))

  t.match(result, { reason: 'no-challenge', evidence: { redirected: true, requests: 2 } })
  t.equal(other.seen[0]?.headers.authorization, undefined)
})

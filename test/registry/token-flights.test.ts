import t from 'tap'
import { createCredentialFingerprint } from '../../src/registry/credential-fingerprint.ts'
import { newTrail } from '../../src/registry/exchange.ts'
import type { Trail } from '../../src/registry/exchange.ts'
import { silentObserver } from '../../src/registry/registry-observer.ts'
import { createTokenService } from '../../src/registry/token-service.ts'
import type { HttpResponse } from '../../src/registry/transport.ts'
import { clientOf, endpointOf, requestFor } from './support/client-of.ts'
import { refuse, scriptedRegistry } from './support/scripted-registry.ts'

/** A token service that answers each request when it is told to, with a clock that is set by hand. */
function setUp() {
  const clock = { nowMs: 0 }
  const answers: ((status: number) => void)[] = []
  const service = createTokenService({
    async exchange({ url }) {
      const { promise, resolve } = Promise.withResolvers<number>()
      answers.push(resolve)
      const response: HttpResponse = {
        kind: 'response',
        status: await promise,
        headers: {},
        truncated: false,
        verified: true,
        body: Buffer.from('{"token":"t"}'),
      }
      return { kind: 'response', url, response }
    },
    observer: silentObserver,
    fingerprint: createCredentialFingerprint(),
    now: () => clock.nowMs,
    wallClock: () => 0,
    timeoutMs: 60_000,
  })
  const ask = (trail: Trail) =>
    service.token(
      {
        realm: new URL('https://acme.test/token'),
        service: 'acme',
        scopes: ['repository:team/app:pull'],
        credential: null,
        endpoint: endpointOf('https://acme.test'),
        fresh: false,
        signal: AbortSignal.timeout(20_000),
      },
      trail,
    )
  return { answers, ask, clock }
}

t.test('the trail of who joined a request tells when it was sent', async (t) => {
  for (const status of [200, 401]) {
    const { answers, ask, clock } = setUp()
    const trails = [newTrail(), newTrail()]
    clock.nowMs = 1_000
    const both = trails.map((trail) => {
      clock.nowMs += 100
      return ask(trail)
    })
    t.equal(answers.length, 1)
    answers[0]?.(status)
    const kind = status === 200 ? 'token' : 'verdict'
    t.match(await Promise.all(both), [{ kind }, { kind }])
    t.same(
      trails.map(({ joinedMs }) => joinedMs),
      [null, 1_100],
    )
  }
})

t.test('which counts for an answer of another host of the nodes too', async (t) => {
  const asked = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  const mirror = await scriptedRegistry(t, (request, response) => {
    if (!request.line.includes('/token')) {
      const realm = `Bearer realm="${mirror.baseUrl}/token",service="acme"`
      return refuse(response, 401, '', { 'www-authenticate': realm })
    }
    asked.resolve()
    void answered.promise.then(() => refuse(response, 401))
  })
  const origin = await scriptedRegistry(t, (_request, response) =>
    refuse(response, 404, 'MANIFEST_UNKNOWN'),
  )
  const joins = Promise.withResolvers<void>()
  const client = clientOf(
    [endpointOf(mirror.baseUrl, { via: 'mirror' }), endpointOf(origin.baseUrl)],
    {
      observer: {
        ...silentObserver,
        cache: ({ cache, result }) => {
          if (cache === 'tokens' && result === 'shared') joins.resolve()
        },
      },
    },
  )
  const first = client.lookup(requestFor())
  await asked.promise
  const joined = client.lookup(requestFor())
  await joins.promise
  answered.resolve()
  t.match(await first, { outcome: 'not-found', evidence: { joinedMs: undefined } })
  t.match(await joined, { outcome: 'not-found', evidence: { joinedMs: Number } })
})

import { test } from 'tap'
import { describeAttempts } from '../../src/prediction/explain/describe-attempt.ts'
import { bearerRegistry, credential, found, json } from './support/bearer-registry.ts'
import { requestFor } from './support/client-of.ts'
import { refuse, scriptedRegistry } from './support/scripted-registry.ts'
import type { Script } from './support/scripted-registry.ts'
import { sparingBearerClient } from './support/sparing-bearer-client.ts'

const later: Script = (_request, response) =>
  refuse(response, 429, '', { 'retry-after': '30' })

/** Who is limited is told by the token, so that one tenant's 429 pauses the registry for another. */
await test('an answer that nobody was asked for says so, and an answer does not', async (t) => {
  let isLimiting = false
  const registry = await bearerRegistry(t, {
    token: (request, response) =>
      json(response, request.body === '' ? { token: 'nobody' } : { access_token: 'bot' }),
    manifest: (request, response, attempt) =>
      (isLimiting && request.headers.authorization === 'Bearer nobody' ? later : found)(
        request,
        response,
        attempt,
      ),
  })
  const client = sparingBearerClient(t, registry)
  const warm = await client.lookup(requestFor('1.0', credential))
  t.match(warm, { outcome: 'found', evidence: { access: 'credential' } })
  t.notOk('unasked' in warm.evidence)
  isLimiting = true

  const limited = await client.lookup(requestFor('2.0'))
  t.equal(limited.outcome, 'rate-limited')
  t.notOk('unasked' in limited.evidence)

  const sent = registry.seen.length
  const spared = await client.lookup(requestFor('3.0', credential))
  t.match(spared, {
    outcome: 'rate-limited',
    stage: 'manifest',
    evidence: { unasked: true, requests: 0 },
  })
  t.equal(registry.seen.length, sent)
  t.same(
    describeAttempts([
      { match: null, result: limited },
      { match: null, result: spared },
    ]).map(({ answer }) => answer),
    ['429 rate limited', '429 rate limited, not asked this time'],
  )
})

await test('a token service that wants a pause is told as one that was not asked', async (t) => {
  const tokens = await scriptedRegistry(t, later)
  const registry = await bearerRegistry(t, {
    ask: () => ({ 'www-authenticate': `Bearer realm="${tokens.baseUrl}/token"` }),
  })
  const client = sparingBearerClient(t, registry)
  const expected = { outcome: 'rate-limited', stage: 'token' }

  const limited = await client.lookup(requestFor())
  t.match(limited, expected)
  t.notOk('unasked' in limited.evidence)
  const spared = await client.lookup(requestFor('1.0', credential))
  t.match(spared, { ...expected, evidence: { unasked: true } })
  t.equal(tokens.seen.length, 1)
})

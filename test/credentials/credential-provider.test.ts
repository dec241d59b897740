import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import {
  readCredentialProviderConfig,
  type CredentialProvider,
} from '../../src/credentials/credential-provider-config.ts'
import { decodeProviderResponse } from '../../src/credentials/credential-provider-protocol.ts'
import { createCredentialProviders } from '../../src/credentials/credential-provider.ts'
import type { PluginRun } from '../../src/credentials/run-plugin.ts'

const V1 = 'credentialprovider.kubelet.k8s.io/v1'
const IMAGE = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app'
const OTHER = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/other'
const REGISTRY_GLOB = '*.dkr.ecr.*.amazonaws.com'
const MARK = 'h1dden'
const SOON = () => AbortSignal.timeout(60_000)

const BASE = {
  environment: { PATH: '/usr/bin:/bin' },
  timeoutMs: 30_000,
  now: () => performance.now(),
}

const CONFIG = `
apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
  - name: ecr-credential-provider
    apiVersion: ${V1}
    matchImages: ["${REGISTRY_GLOB}", public.ecr.aws]
    defaultCacheDuration: 12h
    args: [get-credentials]
    env: [{ name: AWS_PROFILE, value: nodes }]
`

await test('reads the file that the nodes use', async (t) => {
  const reading = readCredentialProviderConfig(CONFIG)
  t.match(reading, {
    status: 'usable',
    providers: [
      {
        name: 'ecr-credential-provider',
        apiVersion: V1,
        defaultCacheDurationMs: 12 * 3_600_000,
        args: ['get-credentials'],
        env: { AWS_PROFILE: 'nodes' },
        needsServiceAccountToken: false,
      },
    ],
  })
})

await test('names each field that the kubelet would refuse', async (t) => {
  const table: [from: string, to: string, problem: RegExp][] = [
    ['kind: Cred', 'kind: Other', /^kind: /],
    ['kubelet.config.k8s.io/v1', 'v1', /^apiVersion: /],
    ['ecr-credential-provider', '../evil', /^providers\[0\]\.name: /],
    ['ecr-credential-provider', '".."', /^providers\[0\]\.name: /],
    ['ecr-credential-provider', '"a b"', /^providers\[0\]\.name: /],
    [V1, 'v1', /^providers\[0\]\.apiVersion: /],
    [`["${REGISTRY_GLOB}", public.ecr.aws]`, '[]', /^providers\[0\]\.matchImages: /],
    ['public.ecr.aws', '"a b"', /^providers\[0\]\.matchImages\[1\]: /],
    ['12h', '12', /^providers\[0\]\.defaultCacheDuration: /],
    ['12h', '-1s', /^providers\[0\]\.defaultCacheDuration: /],
    ['[get-credentials]', '[1]', /^providers\[0\]\.args: /],
    ['[{ name: AWS_PROFILE, value: nodes }]', '{}', /^providers\[0\]\.env: /],
  ]
  for (const [from, to, problem] of table) {
    const reading = readCredentialProviderConfig(CONFIG.replace(from, to))
    t.equal(reading.status, 'unusable', to)
    if (reading.status === 'unusable') t.match(reading.problems[0], problem)
  }
  const twice = CONFIG + CONFIG.slice(CONFIG.indexOf('  - name'))
  t.match(readCredentialProviderConfig(twice), {
    problems: ['providers[1].name: is there twice'],
  })
  t.match(readCredentialProviderConfig(''), { status: 'unusable' })
  t.match(readCredentialProviderConfig('a: ['), { status: 'unusable' })
})

await test('takes an answer only in the form that the kubelet takes', async (t) => {
  const good = {
    kind: 'CredentialProviderResponse',
    apiVersion: V1,
    cacheKeyType: 'Registry',
    cacheDuration: '6h',
    auth: { [REGISTRY_GLOB]: { username: 'AWS', password: MARK } },
  }
  t.strictSame(decodeProviderResponse(JSON.stringify(good), V1), {
    cacheKeyType: 'Registry',
    cacheDurationMs: 21_600_000,
    entries: [{ key: REGISTRY_GLOB, username: 'AWS', password: MARK }],
  })
  const bad = [
    { apiVersion: 'credentialprovider.kubelet.k8s.io/v1beta1' },
    { kind: 'Other' },
    { cacheKeyType: 'image' },
    { cacheKeyType: undefined },
    { cacheDuration: 6 },
    { cacheDuration: 'long' },
    { auth: [] },
    { auth: { a: 'b' } },
    { auth: { a: { username: 1 } } },
    { auth: { a: { token: 'b' } } },
    { more: true },
  ]
  for (const change of bad) {
    const text = JSON.stringify({ ...good, ...change })
    t.equal(decodeProviderResponse(text, V1), null, JSON.stringify(change))
  }
  t.equal(decodeProviderResponse('', V1), null)
  t.equal(decodeProviderResponse('[]', V1), null)
})

await test('runs a plugin as the kubelet does, in a clean environment', async (t) => {
  const answer = response({ cacheKeyType: 'Image' })
  const binDir = t.testdir({
    plugin: `#!/bin/sh\nprintf '%s|' "$@" "$GREETING" "$BASE" "$HOME" > "$OUT"\ncat >> "$OUT"\ncat <<'END'\n${answer}\nEND\n`,
  })
  chmodSync(join(binDir, 'plugin'), 0o755)
  const out = join(binDir, 'seen')
  const providers = createCredentialProviders({
    ...BASE,
    providers: [
      provider({ args: ['a b', '$HOME'], env: { GREETING: 'hello', OUT: out } }),
    ],
    binDir,
    environment: { PATH: '/usr/bin:/bin', BASE: 'base' },
  })

  const { keyring, doubts } = await providers.answer(IMAGE, SOON())

  t.strictSame(doubts, [])
  t.strictSame(keyring.match(IMAGE), [
    {
      credential: { username: 'AWS', password: MARK },
      origin: { kind: 'credential-provider', source: 'plugin', key: REGISTRY_GLOB },
    },
  ])
  const [first, second, greeting, base, home, request = ''] = readFileSync(
    out,
    'utf8',
  ).split('|')
  t.strictSame(
    [first, second, greeting, base, home],
    ['a b', '$HOME', 'hello', 'base', ''],
  )
  t.strictSame(JSON.parse(request), {
    kind: 'CredentialProviderRequest',
    apiVersion: V1,
    image: IMAGE,
  })
})

await test('a plugin that fails is a doubt which quotes nothing', async (t) => {
  const binDir = t.testdir({
    fails: `#!/bin/sh\necho ${MARK}; echo ${MARK} >&2; exit 3\n`,
    talks: `#!/bin/sh\nwhile :; do echo ${MARK}${MARK}${MARK}${MARK}; done\n`,
    sleeps: '#!/bin/sh\nexec sleep 600\n',
    babbles: `#!/bin/sh\necho '{"${MARK}'\n`,
    plain: MARK,
  })
  for (const name of ['fails', 'talks', 'sleeps', 'babbles'])
    chmodSync(join(binDir, name), 0o755)
  const table: [name: string, doubt: RegExp][] = [
    ['fails', /ended with exit code 3\./],
    ['talks', /wrote more than 262144 bytes\./],
    ['sleeps', /did not answer within 200 ms\./],
    ['babbles', /gave no valid answer\./],
    ['plain', /could not be started \(EACCES\)\./],
    ['missing', /could not be started \(ENOENT\)\./],
  ]
  for (const [name, doubt] of table) {
    const { keyring, doubts } = await createCredentialProviders({
      ...BASE,
      timeoutMs: name === 'sleeps' ? 200 : 30_000,
      binDir,
      providers: [provider({ name, args: [MARK] })],
    }).answer(IMAGE, SOON())
    t.match(doubts, [doubt], name)
    t.notMatch(doubts.join(), MARK, name)
    t.strictSame(keyring.match(IMAGE), [], name)
  }
})

await test('keeps answers for the image, the registry or everything, as they say', async (t) => {
  const table: [
    cacheKeyType: string,
    again: number,
    sibling: number,
    stranger: number,
  ][] = [
    ['Image', 1, 2, 3],
    ['Registry', 1, 1, 2],
    ['Global', 1, 1, 1],
  ]
  for (const [cacheKeyType, again, sibling, stranger] of table) {
    const { runs, providers } = counting({ output: response({ cacheKeyType }) })
    await providers.answer(IMAGE, SOON())
    await providers.answer(IMAGE, SOON())
    t.equal(runs.length, again, `${cacheKeyType}: the same image`)
    await providers.answer(OTHER, SOON())
    t.equal(runs.length, sibling, `${cacheKeyType}: the same registry`)
    await providers.answer('public.ecr.aws/x', SOON())
    t.equal(runs.length, stranger, `${cacheKeyType}: another registry`)
  }
})

await test('keeps answers as long as they say, else as the configuration says', async (t) => {
  const clock = { now: 1_000 }
  const own = counting({ clock, output: response({ cacheDuration: '1m' }) })
  const none = counting({ clock, output: response({ cacheDuration: '0s' }) })
  const byDefault = counting({ clock, output: response({}) })
  const failing = counting({ clock, output: 'nonsense' })
  const all = [own, none, byDefault, failing]
  const counts = async (now: number) => {
    clock.now = now
    await Promise.all(all.map(({ providers }) => providers.answer(IMAGE, SOON())))
    return all.map(({ runs }) => runs.length)
  }

  t.strictSame(await counts(1_000), [1, 1, 1, 1])
  t.strictSame(await counts(30_999), [1, 2, 1, 1])
  t.strictSame(await counts(31_002), [1, 3, 1, 2])
  t.strictSame(await counts(61_002), [2, 4, 1, 2])
  t.strictSame(await counts(1_000 + 3_600_001), [3, 5, 2, 3])
})

await test('asks once for those who wait together, and refuses a crowd', async (t) => {
  const release = Promise.withResolvers<void>()
  const { runs, providers } = counting({
    output: response({ cacheKeyType: 'Image' }),
    until: release.promise,
  })
  const same = [providers.answer(IMAGE, SOON()), providers.answer(IMAGE, SOON())]
  const crowd = Array.from({ length: 10 }, (_, index) =>
    providers.answer(`${OTHER}/${index}`, SOON()),
  )
  release.resolve()
  const doubts = (await Promise.all([...same, ...crowd])).flatMap(
    (answer) => answer.doubts,
  )

  t.equal(runs.length, 8)
  t.strictSame(doubts.length, 3)
  t.match(doubts[0], /too many run already/)
})

await test('stops waiting when the caller does', async (t) => {
  const { providers } = counting({
    output: '',
    until: Promise.withResolvers<void>().promise,
  })
  const caller = new AbortController()
  const answer = providers.answer(IMAGE, caller.signal)
  caller.abort()
  t.match((await answer).doubts, [/did not answer in time/])
  t.match((await providers.answer(IMAGE, AbortSignal.abort())).doubts, [/in time/])
})

await test('runs nothing for other images, nor what needs a service account', async (t) => {
  const { runs, providers } = counting({ output: response({}) })
  t.strictSame((await providers.answer('ghcr.io/a/b', SOON())).doubts, [])
  t.equal(runs.length, 0)

  const tokens = counting({ output: '' }, { needsServiceAccountToken: true })
  t.match((await tokens.providers.answer(IMAGE, SOON())).doubts, [/tokenAttributes/])
  t.equal(tokens.runs.length, 0)
})

function counting(
  { output, until, clock = { now: 0 } }: Faked,
  changes: Partial<CredentialProvider> = {},
) {
  const runs: PluginRun[] = []
  const providers = createCredentialProviders({
    ...BASE,
    binDir: '/none',
    providers: [provider(changes)],
    now: () => clock.now,
    run: async (run) => {
      runs.push(run)
      await until
      return { status: 'answered', output }
    },
  })
  return { runs, providers }
}

interface Faked {
  output: string
  until?: Promise<void>
  clock?: { now: number }
}

function response(changes: Record<string, unknown>): string {
  return JSON.stringify({
    kind: 'CredentialProviderResponse',
    apiVersion: V1,
    cacheKeyType: 'Registry',
    auth: { [REGISTRY_GLOB]: { username: 'AWS', password: MARK } },
    ...changes,
  })
}

function provider(changes: Partial<CredentialProvider>): CredentialProvider {
  const reading = readCredentialProviderConfig(CONFIG)
  if (reading.status !== 'usable' || reading.providers[0] === undefined)
    throw new Error('the configuration above is good')
  const defaults = {
    name: 'plugin',
    defaultCacheDurationMs: 3_600_000,
    args: [],
    env: {},
  }
  return { ...reading.providers[0], ...defaults, ...changes }
}

import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { explainConnection } from '../../src/prediction/explain/explain-connection.ts'
import { explainRateLimitNear } from '../../src/prediction/explain/rate-limit-near.ts'
import type { NetworkFault, TlsFault } from '../../src/registry/faults.ts'
import { evidence } from '../prediction/world.ts'
import { refuse, scriptedRegistry } from '../registry/support/scripted-registry.ts'
import type { Script } from '../registry/support/scripted-registry.ts'
import { asksBasic, found, index, status, tags } from './answers.ts'
import { HOST, judge, judgeWith, tlsServer } from './world.ts'

t.test(
  'TLS faults are told apart, each with its own advice (rows 46 to 49)',
  async (t) => {
    const cases: {
      row: number
      what: string
      certificate?: { hosts?: string[]; ageDays?: number }
      trusted: boolean
      cause: string
      says: RegExp
      advises: RegExp
    }[] = [
      {
        row: 46,
        what: 'unknown authority',
        trusted: false,
        cause: 'CertificateUntrusted',
        says: /authority that is not trusted here/,
        advises: /hosts\.toml \(ca\).*caFile/,
      },
      {
        row: 47,
        what: 'another name',
        certificate: { hosts: ['other.acme.test'] },
        trusted: true,
        cause: 'CertificateUntrusted',
        says: /is for another name: .*127\.0\.0\.1/,
        advises: /Use a name that the certificate has/,
      },
      {
        row: 48,
        what: 'expired',
        certificate: { ageDays: 9 },
        trusted: true,
        cause: 'CertificateUntrusted',
        says: /has expired/,
        advises: /Renew/,
      },
      {
        row: 48,
        what: 'not yet valid',
        certificate: { ageDays: -9 },
        trusted: true,
        cause: 'CertificateUntrusted',
        says: /is not valid yet/,
        advises: /clocks/,
      },
    ]
    for (const each of cases) {
      await t.test(`row ${each.row}: ${each.what}`, async (t) => {
        const { endpoint, caFile } = await tlsServer(t, found, each.certificate)
        const entry = { host: HOST, endpoint, ...(each.trusted && { caFile }) }

        const { leading, action } = await judgeWith(t, {}, [entry], null)

        t.match(leading, {
          cause: each.cause,
          certainty: 'uncertain',
          message: each.says,
          advice: each.advises,
        })
        t.equal(action, 'warn')
      })
    }
    await t.test('row 49: plain HTTP behind https', async (t) => {
      const server = await scriptedRegistry(t, found)
      const entry = { host: HOST, endpoint: `https://${server.host}` }

      const { leading, action } = await judgeWith(t, {}, [entry], server)

      t.match(leading, {
        cause: 'PlainHttpRegistry',
        message: /speaks plain HTTP/,
        advice: /hosts\.toml/,
      })
      t.equal(action, 'warn')
    })
  },
)

t.test('a private authority that is configured is trusted', async (t) => {
  const server = await tlsServer(t, found)

  const { findings } = await judgeWith(t, {}, [{ host: HOST, ...server }], null)

  t.same(findings, [])
})

t.test(
  'each fault of the network has words of its own (rows 17, 18, 44, 45, 53)',
  (t) => {
    const words: Record<NetworkFault, [says: RegExp, advises: RegExp]> = {
      'name-not-found': [/does not resolve from here/, /spelling/],
      'name-resolution-failed': [/could not be resolved just now/, /fault of DNS/],
      'connection-refused': [/refuses connections/, /host and the port/],
      'connection-reset': [/closes the connection/, /firewall or proxy/],
      'connect-timeout': [/cannot be connected to in time/, /network policies/],
      'response-timeout': [/did not answer in time/, /kubelet waits longer/],
      'network-unreachable': [/no route/, /egress/],
      'too-many-redirects': [/in a circle/, /proxy/],
      'invalid-port': [/not a valid port/, /Correct the port/],
      'protocol-error': [/valid HTTP/, /HTTP|proxy|port/],
      'proxy-refused': [/HTTP proxy .* does not let us through/, /NO_PROXY/],
      'never-reached': [/never reachable from here/, /^$/],
      'too-many-waiting': [/Too many look-ups wait/, /^$/],
    }
    for (const [fault, [says, advises]] of Object.entries(words)) {
      const finding = explainConnection({
        outcome: 'unreachable',
        fault: fault as NetworkFault,
        target: 'registry',
        host: HOST,
        evidence: evidence(),
      })
      t.match(finding, { cause: 'RegistryUnreachable', certainty: 'uncertain' }, fault)
      t.match(finding.message, says, fault)
      t.match(finding.advice ?? '', advises, fault)
    }
    const faults: TlsFault[] = [
      'unknown-authority',
      'name-mismatch',
      'expired',
      'plain-http',
    ]
    const texts = faults.map((fault) =>
      explainConnection({
        outcome: 'untrusted',
        fault,
        target: 'registry',
        host: HOST,
        detail: 'as printed',
        evidence: evidence(),
      }),
    )
    t.equal(new Set(texts.map(({ advice }) => advice)).size, faults.length)
    t.end()
  },
)

const hostsToml = (mirror: string): string => `[host."${mirror}"]\n`

async function behindMirror(test: Test, mirror: Script, origin: Script) {
  const first = await scriptedRegistry(test, mirror)
  const last = await scriptedRegistry(test, origin)
  const folder = test.testdir({
    [HOST]: { 'hosts.toml': `server = "${last.baseUrl}"\n${hostsToml(first.baseUrl)}` },
  })
  const situation = { configuration: { hostsDirectory: join(folder) } }
  const judged = await judgeWith(test, situation, [], null)
  return { ...judged, asked: [first.lines().length > 0, last.lines().length > 0] }
}

t.test(
  'row 80: a mirror that refuses does not matter when the registry serves',
  async (t) => {
    for (const mirror of [
      asksBasic(['me:good']),
      status(403),
      status(404),
      status(503),
    ]) {
      const { findings, asked } = await behindMirror(t, mirror, found)
      t.same(findings, [])
      t.same(asked, [true, true])
    }
  },
)

t.test('row 79: what a mirror serves is there', async (t) => {
  const { findings, asked } = await behindMirror(t, found, status(404, 'NAME_UNKNOWN'))

  t.same(findings, [])
  t.same(asked, [true, false])
})

t.test('Docker Hub is never asked with a GET of a manifest', async (t) => {
  const scripts: Record<string, Script> = {
    'an image': found,
    'an index': index([{ platform: 'linux/arm64' }]),
    'a missing tag': tags('2.0'),
    'a HEAD that is refused': ({ line }, response) =>
      refuse(response, line.startsWith('HEAD') ? 405 : 200),
    'a 403': status(403),
  }
  for (const [what, registry] of Object.entries(scripts)) {
    const { lines } = await judge(t, { image: 'nginx:1.0', host: 'docker.io', registry })
    t.not(lines.length, 0, what)
    t.notOk(
      lines.some((line) => line.startsWith('GET') && line.includes('/manifests/')),
      what,
    )
  }
})

function near(remaining: number, access: 'open' | 'anonymous-token' | 'credential') {
  return explainRateLimitNear(
    evidence({
      registry: 'docker.io',
      access,
      rateLimit: { limit: 200, remaining, windowSeconds: 21_600, source: 'a-secret' },
    }),
  )
}

t.test('a quota that is nearly used up says whose, how much and for how long', (t) => {
  t.match(near(4, 'anonymous-token'), {
    cause: 'RateLimitNear',
    certainty: 'uncertain',
    message:
      /4 of 200 pulls in any 6 hours left for the address of this webhook; nodes.*within 6 hours/,
  })
  t.match(near(4, 'credential')?.message ?? '', /account of the pull secret/)
  t.notMatch(JSON.stringify(near(4, 'credential')), 'a-secret')
  t.equal(near(11, 'open'), null)
  t.end()
})

t.test('the first part of a_b.example.com/app is the host that is asked', async (t) => {
  const image = 'a_b.example.com/team/app:1.0'
  const host = 'a_b.example.com'

  const missing = await judge(t, { image, host, registry: tags('1.1') })
  t.match(missing.lines[0], 'HEAD /v2/team/app/manifests/1.0')
  t.match(missing.leading, {
    cause: 'ImageNotFound',
    message: /^a_b\.example\.com\/team\/app has no tag "1\.0"/,
  })
  const there = await judge(t, { image, host, registry: found })
  t.same(there.findings, [])
  const registries = [{ host, skip: true }]
  t.same((await judgeWith(t, { image }, registries, null)).findings, [])
})

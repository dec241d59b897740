import type { IncomingMessage } from 'node:http'
import type { SelfSigned } from '../../src/certificates/self-signed.ts'
import type { Front, Reply, Script } from './front.ts'
import { holdOf, linkFault, scriptFault } from './fault-kinds.ts'
import type { Fault, Lane } from './lane.ts'
import type { Link, LinkState } from './link.ts'
import { openSubjects, tokenSubjects } from './registry-subjects.ts'
import type { TokenRegistry } from './registries.ts'
import type { Resolver, ResolverState } from './resolver.ts'

export function linkLane(host: string, link: Link): Lane {
  const states: [LinkState, string][] = [
    ['down', 'registry killed: connections refused'],
    ['silent', 'registry hangs: no byte comes back'],
    ['drip', 'registry drips: a byte in 250 ms'],
    ['reset', 'registry resets every request'],
    ['cut', 'registry resets in the middle of the answer'],
    ['half-closed', 'registry closes without an answer'],
  ]
  const faults = states.map(([state, name]) => linkFault(link, state, name))
  return { name: 'connection', subjects: openSubjects(host), faults, fault: null }
}

const HTML: Reply = {
  status: 200,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: '<html><body>Back soon</body></html>',
}

const answers: [string, Script][] = [
  [
    '429 storm with Retry-After',
    () => ({ status: 429, headers: { 'retry-after': '3' } }),
  ],
  ['429 storm without Retry-After', () => ({ status: 429 })],
  ['registry answers 500', () => ({ status: 500, body: 'oops' })],
  ['proxy answers 503 with a web page', () => ({ ...HTML, status: 503 })],
  ['proxy answers 200 with a web page', () => HTML],
  ['proxy has no backend and answers 404', () => ({ ...HTML, status: 404 })],
  ['manifest is cut short', cutShort],
  ['another digest than that of the manifest', anotherDigest],
]

/** Nothing in the head to go by, and half of the document. */
function cutShort(request: IncomingMessage): Reply | null {
  if (!isManifest(request)) return null
  const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }
  return { status: 200, headers, body: '{"schemaVersion":2,"medi' }
}

function anotherDigest(request: IncomingMessage): Reply | null {
  const reply = cutShort(request)
  if (reply === null || request.method === 'HEAD') return reply
  const headers = {
    ...reply.headers,
    'docker-content-digest': `sha256:${'0'.repeat(64)}`,
  }
  return { ...reply, headers, body: '{"schemaVersion":2}' }
}

function isManifest({ url = '' }: IncomingMessage): boolean {
  return url.includes('/manifests/')
}

export function answersLane(host: string, front: Front): Lane {
  const faults = answers.map(([name, script]) => scriptFault(front, name, script))
  return { name: 'answers', subjects: openSubjects(host), faults, fault: null }
}

export interface Certificates {
  good: SelfSigned
  expired: SelfSigned
  /** Of an authority that nobody trusts. */
  foreign: SelfSigned
}

export function tlsLane(host: string, front: Front, certificates: Certificates): Lane {
  const { good, expired, foreign } = certificates
  const heal = (): void => front.certify(good)
  const faults: Fault[] = [
    {
      name: 'certificate of the registry expires',
      inject: () => front.certify(expired),
      heal,
    },
    {
      name: 'certificate of the registry is of another authority',
      inject: () => front.certify(foreign),
      heal,
    },
    scriptFault(
      front,
      'registry answers 200 with a web page, over trusted TLS',
      () => HTML,
    ),
  ]
  return { name: 'TLS', subjects: openSubjects(host), faults, fault: null }
}

/** `fresh` ends what is connected, so that the name is asked for. */
export function namesLane(host: string, resolver: Resolver, fresh: () => void): Lane {
  const states: [ResolverState, string][] = [
    ['nxdomain', 'DNS knows no name (NXDOMAIN)'],
    ['servfail', 'DNS fails (SERVFAIL)'],
    ['silent', 'DNS is silent'],
    ['garbage', 'DNS answers nonsense'],
    ['metadata', 'DNS answers with the address of a metadata service'],
  ]
  const set = (state: ResolverState): void => {
    resolver.state = state
    fresh()
  }
  const faults = states.map(([state, name]) => ({
    name,
    inject: () => set(state),
    heal: () => set('well'),
    holdMs: holdOf(state),
  }))
  return { name: 'DNS', subjects: openSubjects(host), faults, fault: null }
}

export function tokenLane(host: string, { link, server }: TokenRegistry): Lane {
  const answering = (name: string, status: number): Fault => ({
    name,
    inject() {
      server.misbehave.status = status
    },
    heal() {
      server.misbehave.status = null
    },
  })
  const faults = [
    linkFault(link, 'down', 'token service killed'),
    linkFault(link, 'silent', 'token service hangs'),
    linkFault(link, 'cut', 'token service resets in the middle of the answer'),
    answering('token service answers 503', 503),
    answering('token service answers 429', 429),
  ]
  return { name: 'tokens', subjects: tokenSubjects(host), faults, fault: null }
}

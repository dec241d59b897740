import type { CauseCode } from '../../src/prediction/causes.ts'
import { DOCKER_SCHEMA1 } from '../../src/registry/media-types.ts'
import { refuse, serveManifest } from '../registry/support/scripted-registry.ts'
import type { Script } from '../registry/support/scripted-registry.ts'
import {
  MANIFEST,
  asksBasic,
  asksBearer,
  found,
  index,
  json,
  repositories,
  status,
  tags,
  withConfig,
} from './answers.ts'
import { linuxNode } from '../support/linux-node.ts'
import { HOST, secret, secretOfText } from './world.ts'
import type { Situation } from './world.ts'

export interface Case extends Situation {
  row: number
  what: string
  cause: CauseCode | null
  action: 'deny' | 'warn' | 'allow'
  /** In the message or the advice of the finding that decides, or of the one called `also`. */
  words?: readonly (string | RegExp)[]
  /** Another finding beside the one that decides. */
  also?: CauseCode
}

const invalid = { cause: 'InvalidImageName', action: 'deny' } as const
const hub = { host: 'docker.io' }
const listed = { imagePullSecrets: [{ name: 'pull' }] }
const auth = (user: string): object => ({ auth: Buffer.from(user).toString('base64') })
const GOOD = 'me:good'
const goodSecret = secret('pull', { [HOST]: auth(GOOD) })
const badSecret = secret('pull', { [HOST]: auth('me:bad') })
const DIGEST = `sha256:${'a'.repeat(64)}`
const required = { cause: 'CredentialsRequired', action: 'deny' } as const
const rejected = { cause: 'CredentialsRejected', action: 'deny' } as const

export const nameCases: readonly Case[] = [
  { row: 1, what: 'upper case', image: 'acme/App:1', ...invalid, words: ['acme/app:1'] },
  {
    row: 2,
    what: 'a placeholder',
    image: 'acme/app:${TAG}',
    ...invalid,
    words: ['${TAG}'],
  },
  {
    row: 3,
    what: 'a scheme',
    image: 'https://acme.io/app',
    ...invalid,
    words: ['acme.io/app'],
  },
  { row: 4, what: 'an empty tag', image: 'acme/app:', ...invalid, words: ['tag'] },
  {
    row: 5,
    what: 'a short digest',
    image: 'acme/app@sha256:abc',
    ...invalid,
    words: ['digest'],
  },
  { row: 6, what: 'an image ID', image: 'b'.repeat(64), ...invalid, words: ['ID'] },
  { row: 7, what: 'white space', image: ' acme/app', ...invalid, words: ['white space'] },
  {
    row: 8,
    what: 'a long name',
    image: `acme.io/${'a/'.repeat(130)}a`,
    ...invalid,
    words: ['longer than 255'],
  },
  {
    row: 9,
    what: 'a registry without dot or port, after Docker Hub refused',
    image: 'myreg/app',
    ...hub,
    registry: asksBearer(),
    ...required,
    words: ['"myreg" has no dot or port', 'docker.io'],
  },
  {
    row: 9,
    what: 'the same when Docker Hub has it: nothing',
    image: 'myreg/app',
    ...hub,
    registry: found,
    cause: null,
    action: 'allow',
  },
  {
    row: 10,
    what: 'localhost:5000 alone',
    image: 'localhost:5000',
    ...hub,
    registry: tags('1'),
    cause: 'ImageNotFound',
    action: 'deny',
    words: ['"localhost:5000" was read as a repository and a tag'],
  },
  {
    row: 11,
    what: 'port 99999',
    image: 'acme.io:99999/app',
    cause: 'InvalidRegistryPort',
    action: 'deny',
    words: ['65535'],
  },
]

const gone = { cause: 'ImageNotFound', action: 'deny' } as const

export const existenceCases: readonly Case[] = [
  {
    row: 12,
    what: 'a missing tag',
    image: `${HOST}/team/app:1.277`,
    registry: tags('1.27', '1.27.7', '1.26.3', 'latest'),
    ...gone,
    words: ['has no tag "1.277"', /Nearest tags: 1\.27\.7, 1\.27$/],
  },
  {
    row: 13,
    what: 'a missing repository',
    registry: repositories('team/other'),
    cause: 'RepositoryNotFound',
    action: 'deny',
    words: [`${HOST} has no repository "team/app"`],
  },
  {
    row: 13,
    what: 'a missing repository that only the tag list tells',
    registry: ({ line }, response) =>
      refuse(
        response,
        404,
        line.includes('/tags/') ? 'NAME_UNKNOWN' : 'MANIFEST_UNKNOWN',
      ),
    cause: 'RepositoryNotFound',
    action: 'deny',
    words: [`${HOST} has no repository "team/app"`],
  },
  {
    row: 14,
    what: 'a missing digest',
    image: `${HOST}/team/app@${DIGEST}`,
    registry: tags(),
    ...gone,
    words: ['garbage-collected'],
  },
  {
    row: 15,
    what: 'no tag, and no latest',
    image: `${HOST}/team/app`,
    registry: tags('1.0', '2.0'),
    ...gone,
    words: ['No tag was given', '2.0'],
  },
  {
    row: 16,
    what: 'a wrong tag beside a digest',
    image: `${HOST}/team/app:nope@${DIGEST}`,
    registry: found,
    cause: null,
    action: 'allow',
  },
  {
    row: 78,
    what: 'a tag that Bitnami moved',
    image: 'bitnami/redis:7.0',
    ...hub,
    registry: tags('latest'),
    ...gone,
    words: ['bitnamilegacy/redis:7.0'],
  },
  {
    row: 79,
    what: 'mirrors that are not shown',
    registry: tags('2'),
    settings: { mirrored: true },
    cause: 'ImageNotFound',
    action: 'warn',
    words: ['mirrors'],
  },
]

export const credentialCases: readonly Case[] = [
  {
    row: 19,
    what: 'private, Basic, no secret',
    registry: asksBasic([GOOD]),
    ...required,
    words: ['requires credentials'],
  },
  {
    row: 20,
    what: 'private or missing, Bearer, no secret',
    registry: asksBearer(),
    ...required,
    words: ['does not exist or is private'],
  },
  {
    row: 21,
    what: 'no token for nobody',
    registry: asksBearer({ anonymous: 403 }),
    ...required,
    words: ['does not exist or is private'],
  },
  {
    row: 22,
    what: 'a second 401 without a word',
    registry: asksBearer({ silent: true }),
    ...required,
    words: ['does not exist or is private'],
  },
  {
    row: 23,
    what: 'a wrong password, Basic',
    registry: asksBasic([GOOD]),
    spec: listed,
    objects: [badSecret],
    ...rejected,
    words: ['401', 'team-a/pull', HOST],
  },
  {
    row: 24,
    what: 'a wrong password, Bearer',
    registry: asksBearer({ users: [GOOD], opens: ['me'] }),
    spec: listed,
    objects: [badSecret],
    ...rejected,
    words: ['team-a/pull'],
  },
  {
    row: 25,
    what: 'a stale secret on a public image',
    registry: asksBearer({ users: [GOOD], opens: ['me', 'nobody'] }),
    spec: listed,
    objects: [badSecret],
    ...rejected,
    words: ['public'],
  },
  {
    row: 26,
    what: 'an account without access',
    registry: asksBearer({ users: [GOOD] }),
    spec: listed,
    objects: [goodSecret],
    cause: 'AccessDenied',
    action: 'deny',
    words: ['may not pull'],
  },
  {
    row: 26,
    what: 'an account without access, told by 403',
    registry: asksBasic([GOOD], status(403, 'DENIED')),
    spec: listed,
    objects: [goodSecret],
    cause: 'AccessDenied',
    action: 'warn',
    words: ['403', 'DENIED'],
  },
  {
    row: 27,
    what: 'the second secret works',
    registry: asksBasic([GOOD]),
    spec: { imagePullSecrets: [{ name: 'old' }, { name: 'pull' }] },
    objects: [secret('old', { [HOST]: auth('me:bad') }), goodSecret],
    cause: 'PullSecretStale',
    action: 'warn',
    words: ['team-a/old'],
  },
  {
    row: 28,
    what: 'every secret is refused and anybody may pull',
    registry: asksBearer({ users: [GOOD], opens: ['nobody'] }),
    spec: { imagePullSecrets: [{ name: 'old' }, { name: 'pull' }] },
    objects: [secret('old', { [HOST]: auth('you:bad') }), badSecret],
    ...rejected,
    words: ['does not try without credentials'],
  },
  {
    row: 29,
    what: 'a key for another port',
    registry: asksBasic([GOOD]),
    spec: listed,
    objects: [secret('pull', { [`${HOST}:5000`]: auth(GOOD) })],
    ...required,
    words: [`${HOST}:5000`],
    also: 'PullSecretNotMatching',
  },
  {
    row: 30,
    what: 'the secret does not exist',
    registry: asksBasic([GOOD]),
    spec: listed,
    ...required,
    words: ['team-a/pull does not exist'],
    also: 'PullSecretMissing',
  },
  {
    row: 30,
    what: 'the secret does not exist, and the image is public',
    registry: found,
    spec: listed,
    cause: 'PullSecretMissing',
    action: 'warn',
    words: ['does not exist'],
  },
  {
    row: 31,
    what: 'the secret is in another namespace',
    registry: asksBasic([GOOD]),
    spec: listed,
    objects: [secret('pull', {}, { metadata: { name: 'pull', namespace: 'team-b' } })],
    ...required,
    words: ['team-b'],
    also: 'PullSecretMissing',
  },
  {
    row: 32,
    what: 'an Opaque secret',
    registry: asksBasic([GOOD]),
    spec: listed,
    objects: [secret('pull', { [HOST]: auth(GOOD) }, { type: 'Opaque' })],
    ...required,
    words: ['Opaque'],
    also: 'PullSecretWrongType',
  },
  {
    row: 33,
    what: 'auth that is no base64, and a public image',
    registry: found,
    spec: listed,
    objects: [secret('pull', { 'other.io': { auth: '%%%' } })],
    cause: 'PullSecretMalformed',
    action: 'deny',
    words: ['team-a/pull', 'no image of the Pod'],
  },
  {
    row: 34,
    what: 'only a credential helper',
    registry: asksBasic([GOOD]),
    spec: listed,
    objects: [secretOfText('pull', JSON.stringify({ credsStore: 'desktop' }))],
    ...required,
    words: ['credsStore'],
    also: 'PullSecretEmpty',
  },
  {
    row: 35,
    what: 'only an identity token',
    registry: asksBasic([GOOD]),
    spec: listed,
    objects: [secret('pull', { [HOST]: { identitytoken: 'x' } })],
    ...required,
    words: ['identity token'],
    also: 'PullSecretEmpty',
  },
  {
    row: 36,
    what: 'its own list keeps those of the service account away',
    registry: asksBasic([GOOD]),
    spec: { imagePullSecrets: [{ name: 'mine' }] },
    objects: [
      secret('mine', { 'other.io': auth(GOOD) }),
      goodSecret,
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'default', namespace: 'team-a' },
        imagePullSecrets: [{ name: 'pull' }],
      },
    ],
    ...required,
    words: ['service account default (pull) are not used'],
  },
  {
    row: 37,
    what: 'no such service account',
    template: true,
    registry: found,
    spec: { serviceAccountName: 'builder' },
    cause: 'ServiceAccountMissing',
    action: 'warn',
    words: ['team-a/builder does not exist'],
  },
  {
    row: 38,
    what: 'an ECR token that has ended',
    host: '1.dkr.ecr.eu-west-1.amazonaws.com',
    image: '1.dkr.ecr.eu-west-1.amazonaws.com/app:1',
    registry: asksBasic([GOOD]),
    spec: listed,
    objects: [secret('pull', { '1.dkr.ecr.eu-west-1.amazonaws.com': auth('AWS:old') })],
    cause: 'CredentialsRejected',
    action: 'warn',
    words: ['team-a/pull'],
  },
  {
    row: 38,
    what: 'an expired token elsewhere',
    registry: asksBasic([GOOD]),
    spec: listed,
    objects: [secret('pull', { [HOST]: auth('AWS:old') })],
    ...rejected,
    words: ['team-a/pull'],
  },
  {
    row: 39,
    what: 'ECR without any secret',
    host: '1.dkr.ecr.eu-west-1.amazonaws.com',
    image: '1.dkr.ecr.eu-west-1.amazonaws.com/app:1',
    registry: asksBasic([GOOD]),
    cause: 'NodeCredentialsOnly',
    action: 'warn',
    words: ['Nodes usually have credentials of their own'],
  },
  {
    row: 75,
    what: 'refused, but a node has the image',
    container: { imagePullPolicy: 'IfNotPresent' },
    registry: asksBasic([GOOD]),
    objects: [linuxNode('n1', 'amd64', [`${HOST}/team/app:1.0`])],
    cause: 'CredentialsRequired',
    action: 'warn',
    words: ['IfNotPresent'],
  },
]

const challenge = (text: string) => status(401, '', { 'www-authenticate': text })

export const connectionCases: readonly Case[] = [
  {
    row: 40,
    what: '429 for the manifest',
    registry: status(429, 'TOOMANYREQUESTS', { 'retry-after': '7' }),
    cause: 'RateLimited',
    action: 'warn',
    words: ['429', '7 seconds'],
  },
  {
    row: 40,
    what: '429 for the token',
    registry: asksBearer({ anonymous: 429 }),
    cause: 'RateLimited',
    action: 'warn',
    words: ['The token service of', '429'],
  },
  {
    row: 41,
    what: 'three pulls left',
    image: 'nginx:1.0',
    ...hub,
    registry: (request, response) =>
      serveManifest(request, response, {
        body: MANIFEST,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        headers: {
          'ratelimit-limit': '100;w=21600',
          'ratelimit-remaining': '3;w=21600',
          'docker-ratelimit-source': '203.0.113.9',
        },
      }),
    cause: 'RateLimitNear',
    action: 'warn',
    words: ['3 of 100 pulls in any 6 hours left for the address of this webhook'],
  },
  {
    row: 42,
    what: '503',
    registry: status(503),
    cause: 'RegistryError',
    action: 'warn',
    words: ['503'],
  },
  {
    row: 43,
    what: '502',
    registry: status(502),
    cause: 'RegistryError',
    action: 'warn',
    words: ['502'],
  },
  {
    row: 44,
    what: 'refused',
    settings: { endpoint: 'http://127.0.0.1:1' },
    cause: 'RegistryUnreachable',
    action: 'warn',
    words: ['refuses connections'],
  },
  {
    row: 44,
    what: 'closed',
    registry: (_request, response) => void response.destroy(),
    cause: 'RegistryUnreachable',
    action: 'warn',
    words: ['closes the connection'],
  },
  {
    row: 53,
    what: 'a circle',
    registry: ({ line }, response) =>
      refuse(response, 307, '', { location: line.split(' ')[1] ?? '' }),
    cause: 'RegistryUnreachable',
    action: 'warn',
    words: ['circle'],
  },
  {
    row: 54,
    what: 'no challenge',
    registry: status(401),
    cause: 'ChallengeUnsupported',
    action: 'deny',
    words: ['WWW-Authenticate'],
  },
  {
    row: 54,
    what: 'a challenge that runtimes do not know',
    registry: challenge('Negotiate'),
    cause: 'ChallengeUnsupported',
    action: 'deny',
  },
  {
    row: 55,
    what: 'no realm',
    registry: challenge('Bearer service="r"'),
    cause: 'TokenServiceError',
    action: 'warn',
    words: ['names no token service', 'misconfigured'],
  },
  {
    row: 55,
    what: 'no token',
    registry: asksBearer({ token: (response) => json(response, {}) }),
    cause: 'TokenServiceError',
    action: 'warn',
    words: ['without a token'],
  },
  {
    row: 55,
    what: 'a web page for a token',
    registry: asksBearer({ token: (response) => response.end('<html>') }),
    cause: 'TokenServiceError',
    action: 'warn',
    words: ['not JSON'],
  },
  {
    row: 56,
    what: 'the token service is down',
    registry: asksBearer({ anonymous: 503 }),
    cause: 'TokenServiceError',
    action: 'warn',
    words: ['503'],
  },
  {
    row: 81,
    what: '403 without a word',
    registry: status(403),
    cause: 'AccessDenied',
    action: 'warn',
    words: ['filters by address'],
  },
  {
    row: 82,
    what: '451',
    registry: status(451),
    cause: 'RegistryError',
    action: 'warn',
    words: ['legal reasons'],
  },
  {
    row: 83,
    what: '405 to HEAD',
    registry: (request, response, attempt) =>
      request.line.startsWith('HEAD')
        ? refuse(response, 405)
        : found(request, response, attempt),
    cause: null,
    action: 'allow',
  },
  ...[400, 406, 410].map((code): Case => ({
    row: 84,
    what: String(code),
    registry: status(code),
    cause: 'RegistryError',
    action: 'warn',
    words: [String(code)],
  })),
]

const amd64 = { objects: [linuxNode('n1'), linuxNode('n2')] }
const mixed = { objects: [linuxNode('n1'), linuxNode('n2', 'arm64')] }
const mismatch = { cause: 'PlatformMismatch', action: 'deny' } as const
const typed =
  (type: string | null, headers: Record<string, string | null> = {}): Script =>
  (request, response) =>
    serveManifest(request, response, {
      body: MANIFEST,
      mediaType: type ?? '',
      headers: { ...headers, ...(type === null && { 'content-type': null }) },
    })

export const contentCases: readonly Case[] = [
  {
    row: 57,
    what: 'a web page',
    tls: true,
    registry: typed('text/html'),
    cause: 'NotARegistry',
    action: 'deny',
    words: ['web page'],
  },
  {
    row: 57,
    what: 'a web page without TLS',
    registry: typed('text/html'),
    cause: 'NotARegistry',
    action: 'warn',
    words: ['web page'],
  },
  {
    row: 58,
    what: 'application/json',
    tls: true,
    registry: typed('application/json'),
    cause: 'UnsupportedManifest',
    action: 'deny',
    words: ['application/json'],
  },
  {
    row: 58,
    what: 'no Content-Type',
    tls: true,
    registry: typed(null),
    cause: 'UnsupportedManifest',
    action: 'deny',
    words: ['no media type at all'],
  },
  {
    row: 59,
    what: 'an index only for the right Accept header',
    registry: (request, response, attempt) =>
      request.headers.accept?.includes('image.index')
        ? found(request, response, attempt)
        : refuse(response, 404, 'MANIFEST_UNKNOWN'),
    cause: null,
    action: 'allow',
  },
  {
    row: 60,
    what: 'schema 1',
    tls: true,
    registry: typed(DOCKER_SCHEMA1),
    ...amd64,
    cause: 'UnsupportedManifest',
    action: 'deny',
    words: ['schema 1'],
  },
  {
    row: 60,
    what: 'schema 1, and nodes that are not known',
    tls: true,
    registry: typed(DOCKER_SCHEMA1),
    cause: 'UnsupportedManifest',
    action: 'warn',
    words: ['Older runtimes'],
  },
  {
    row: 61,
    what: 'arm64 alone',
    registry: index([{ platform: 'linux/arm64' }]),
    ...amd64,
    ...mismatch,
    words: ['linux/arm64', 'linux/amd64', '--platform linux/amd64'],
  },
  {
    row: 62,
    what: 'amd64 alone, and nodes of both',
    registry: index([{ platform: 'linux/amd64' }]),
    ...mixed,
    cause: 'PlatformPartlyServed',
    action: 'warn',
    words: ['1 of 2 eligible nodes are linux/arm64', 'kubernetes.io/arch: amd64'],
  },
  {
    row: 63,
    what: '386 alone',
    registry: index([{ platform: 'linux/386' }]),
    ...amd64,
    cause: 'PlatformPartlyServed',
    action: 'warn',
    words: ['version of containerd'],
  },
  {
    row: 64,
    what: 'a single manifest whose tag says arm64',
    image: `${HOST}/team/app:1.0-arm64`,
    registry: withConfig('application/vnd.oci.image.config.v1+json', {
      os: 'linux',
      architecture: 'arm64',
    }),
    ...amd64,
    cause: 'WrongArchitecture',
    action: 'warn',
    words: ['exec format error'],
  },
  {
    row: 65,
    what: 'only attestations',
    registry: index([{ platform: 'unknown/unknown' }]),
    ...mismatch,
    words: ['attestations'],
  },
  { row: 65, what: 'nothing at all', registry: index([]), ...mismatch },
  {
    row: 66,
    what: 'a Helm chart',
    image: `${HOST}/charts/web:1.0`,
    registry: withConfig('application/vnd.cncf.helm.config.v1+json', { name: 'web' }),
    cause: 'NotAContainerImage',
    action: 'warn',
    words: ['application/vnd.cncf.helm.config.v1+json'],
  },
  {
    row: 67,
    what: 'the child for the nodes is gone',
    registry: index([
      { platform: 'linux/amd64', gone: true },
      { platform: 'linux/arm64' },
    ]),
    ...amd64,
    cause: 'ManifestIncomplete',
    action: 'deny',
    words: ['linux/amd64', 'is gone'],
  },
  {
    row: 67,
    what: 'one of two children that serve the nodes is gone',
    registry: index([{ platform: 'linux/amd64', gone: true }, { platform: 'linux/386' }]),
    ...amd64,
    cause: 'ManifestIncomplete',
    action: 'warn',
    words: ['Another entry'],
  },
  {
    row: 67,
    what: 'only the child for other nodes is gone',
    registry: index([
      { platform: 'linux/amd64' },
      { platform: 'linux/arm64', gone: true },
    ]),
    ...amd64,
    cause: null,
    action: 'allow',
  },
  {
    row: 67,
    what: 'the child for some of the nodes is gone',
    registry: index([
      { platform: 'linux/amd64' },
      { platform: 'linux/arm64', gone: true },
    ]),
    ...mixed,
    cause: 'ManifestIncomplete',
    action: 'warn',
    words: ['linux/arm64'],
  },
  {
    row: 70,
    what: 'another digest than that of the body',
    registry: typed('application/vnd.oci.image.manifest.v1+json', {
      'docker-content-digest': 'sha256:zz',
    }),
    cause: 'UnsupportedManifest',
    action: 'warn',
    words: ['another digest'],
  },
  {
    row: 71,
    what: 'five megabytes of manifest',
    registry: ({ line }, response) => {
      response.writeHead(200, {
        'content-type': 'application/vnd.oci.image.manifest.v1+json',
        'content-length': '5000000',
        'docker-content-digest': DIGEST,
      })
      response.end(line.startsWith('HEAD') ? undefined : Buffer.alloc(5_000_000))
    },
    cause: 'UnsupportedManifest',
    action: 'deny',
    words: ['4393216'],
  },
]

export const nodeCases: readonly Case[] = [
  {
    row: 50,
    what: 'localhost with a repository',
    image: 'localhost:5000/app:1',
    cause: 'LoopbackRegistry',
    action: 'warn',
    words: ["each node's own localhost"],
  },
  {
    row: 74,
    what: 'Never, and no node lists it',
    container: { imagePullPolicy: 'Never' },
    objects: [linuxNode('n1', 'amd64', ['docker.io/library/nginx:1'])],
    cause: 'ImageNotPreloaded',
    action: 'warn',
    words: ['ErrImageNeverPull'],
  },
  {
    row: 74,
    what: 'Never, and a node lists it',
    container: { imagePullPolicy: 'Never' },
    objects: [linuxNode('n1', 'amd64', [`${HOST}/team/app:1.0`])],
    cause: null,
    action: 'allow',
  },
  {
    row: 77,
    what: 'a volume',
    image: 'registry.k8s.io/pause:3.10',
    configuration: { preloadedImages: ['registry.k8s.io/*'] },
    container: { imagePullPolicy: 'IfNotPresent' },
    spec: {
      volumes: [
        {
          name: 'data',
          image: { reference: `${HOST}/team/data:2`, pullPolicy: 'Always' },
        },
      ],
    },
    registry: tags('1'),
    ...gone,
    words: [`${HOST}/team/data has no tag "2"`],
  },
]

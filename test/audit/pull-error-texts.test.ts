import t from 'tap'
import {
  canFailPull,
  classifyPullError,
} from '../../src/audit/explain/classify-pull-error.ts'

const P = 'failed to pull and unpack image "r.test/a:1": '
const R = 'failed to resolve image: '
const HEAD = 'unexpected status from HEAD request to https://r.test/v2/a/manifests/1: '
const DIAL = 'failed to do request: Head "https://r.test/v2/a/manifests/1": '
const TOKEN = 'failed to authorize: failed to fetch'

// pull-semantics 4.7: exact final texts, what `kubectl describe pod` shows.
const texts: readonly [text: string, name: string | null][] = [
  [`rpc error: code = NotFound desc = ${P}${R}r.test/a:1: not found`, 'not-found'],
  [`${P}failed to resolve reference "r.test/a:1": r.test/a:1: not found`, 'not-found'],
  [
    `${P}${R}pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`,
    'no-credentials',
  ],
  [`${P}${R}${HEAD}401 Unauthorized`, 'unauthorized'],
  [
    `${P}${R}pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`,
    'access-denied',
  ],
  [
    `${P}${R}${TOKEN} oauth token: unexpected status from GET request to https://a.test/token?scope=repository%3Aa%3Apull&service=r: 401 Unauthorized`,
    'wrong-credentials',
  ],
  [
    `${P}${R}${TOKEN} anonymous token: unexpected status from GET request to https://a.test/token?service=r: 403 Forbidden`,
    'no-credentials',
  ],
  [
    `${P}${R}${TOKEN} oauth token: unexpected status from GET request to https://a.test/token?service=r: 503 Service Unavailable`,
    'token-service',
  ],
  [`${P}${R}${HEAD}403 Forbidden`, 'forbidden'],
  [`${P}${R}${HEAD}429 Too Many Requests`, 'rate-limited'],
  [
    'failed to copy: httpReadSeeker: failed open: unexpected status code https://r.test/v2/a/manifests/sha256:1: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.',
    'rate-limited',
  ],
  [`${P}${R}${HEAD}502 Bad Gateway`, 'server-error'],
  [`${P}${R}${HEAD}412 Precondition Failed`, 'other-status'],
  [`${P}${R}${DIAL}dial tcp 10.0.0.1:443: connect: connection refused`, 'network'],
  [`${P}${R}${DIAL}dial tcp: lookup r.test on 10.96.0.10:53: no such host`, 'network'],
  [
    `${P}${R}${DIAL}dial tcp: lookup r.test on 10.96.0.10:53: server misbehaving`,
    'network',
  ],
  [
    `${P}${R}${DIAL}dial tcp: lookup r.test on 10.96.0.10:53: read udp 10.0.0.2:3->10.96.0.10:53: i/o timeout`,
    'network',
  ],
  [`${P}${R}${DIAL}dial tcp 10.0.0.1:443: i/o timeout`, 'network'],
  [
    `rpc error: code = DeadlineExceeded desc = ${P}${R}${DIAL}net/http: timeout awaiting response headers`,
    'network',
  ],
  [`rpc error: code = Canceled desc = ${P}${R}${DIAL}context canceled`, 'network'],
  [`${P}${R}${DIAL}EOF`, 'network'],
  [
    `${P}${R}${DIAL}tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    'tls',
  ],
  [`${P}${R}${DIAL}x509: certificate is valid for A, B, not C`, 'tls'],
  [
    `${P}${R}${DIAL}x509: certificate has expired or is not yet valid: current time 2026-01-02T00:00:00Z is after 2026-01-01T00:00:00Z`,
    'tls',
  ],
  [`${P}${R}${DIAL}http: server gave HTTP response to HTTPS client`, 'plain-http'],
  [`${P}${R}${DIAL}tls: first record does not look like a TLS handshake`, 'plain-http'],
  [
    'rpc error: code = NotFound desc = get image config descriptor: no match for platform in manifest sha256:1: not found',
    'platform',
  ],
  [
    `rpc error: code = NotFound desc = ${P}no match for platform in manifest: not found`,
    'platform',
  ],
  [
    `${P}wrong diff id "sha256:a" calculated on extraction "sha256:b", desc "sha256:c"`,
    'content',
  ],
  [`${P}wrong diff id calculated on extraction "sha256:b"`, 'content'],
  [
    `rpc error: code = InvalidArgument desc = ${P}schema 1 image manifests are no longer supported: invalid argument`,
    'content',
  ],
  [
    'get image config descriptor: unexpected media type text/html for sha256:1: not found',
    'content',
  ],
  [
    `${P}failed to extract layer (application/vnd.oci.image.layer.v1.tar+gzip sha256:1) to overlayfs as "extract-1": write /var/lib/x: no space left on device`,
    'disk-full',
  ],
  [
    `Failed to apply default image tag "A/b": couldn't parse image name "A/b": invalid reference format: repository name (A/b) must be lowercase`,
    'invalid-name',
  ],
  ['Container image "a:1" is not present with pull policy of Never', 'never-pulled'],
  ['exec /app: exec format error', 'exec-format'],
  [
    'Unable to retrieve some image pull secrets (acme); attempting to pull the image may not succeed.',
    'pull-secret',
  ],
  ['Back-off pulling image "a:1"', null],
  ['', null],
]

t.test('texts of kubelets and container runtimes are put into classes', (t) => {
  for (const [text, name] of texts) t.equal(classifyPullError(text).class, name, text)
  t.end()
})

t.test('a hint is no reason for a failed pull', (t) => {
  t.ok(canFailPull('ImageNotFound'))
  for (const cause of [
    'PullSecretMissing',
    'RateLimitNear',
    'CredentialExpiring',
  ] as const)
    t.notOk(canFailPull(cause), cause)
  t.end()
})

import type { StepName } from '../../src/audit/explain/explanation.ts'
import { linuxNode } from '../support/linux-node.ts'
import { backOff, pod, type PodShape } from './explain-world.ts'

const P = 'failed to pull and unpack image: failed to resolve image: '
const HEAD = 'unexpected status from HEAD request to https://r.test/v2/a/manifests/1: '
const REQUEST = 'failed to do request: Head "https://r.test/v2/a/manifests/1": '
const NOT_FOUND = `rpc error: code = NotFound desc = ${P}`
const DENIED = `${P}pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`
const TIMED_OUT = `${P}${REQUEST}dial tcp 10.0.0.1:443: i/o timeout`
const UNTRUSTED = `${P}${REQUEST}tls: failed to verify certificate: x509: certificate signed by unknown authority`

const GOOD = 'registry.acme.test/team/web:1.27'
const BILLING = 'billing.acme.test/team/billing:3.0'

/** A Pod that does not get its image, and what each step of `explain` has to say of it. */
export interface ExplainRow {
  about: string
  pod: PodShape
  /** What the container runtime said. */
  told: string
  cause: string | null
  state: 'failing' | 'transient'
  /** Steps that show a problem, besides `kubelet`, and what the first of them says. */
  wrong: StepName[]
  says: RegExp
  evidence?: RegExp
  /** Steps that cannot be seen, besides `other-pods`. */
  unseen: StepName[]
  fix: RegExp | null
  agrees: boolean | null
  others?: object[]
}

/** Where no connection was made, and where no manifest was read. */
const UNASKED: StepName[] = ['registry', 'tls', 'rate-limit', 'existence', 'platform']
const UNHEARD: StepName[] = ['tls', 'rate-limit', 'existence', 'platform']
const UNREAD: StepName[] = ['existence', 'platform']

export const explainRows: ExplainRow[] = [
  {
    about: 'a name that no runtime takes',
    pod: { image: 'registry.acme.test/Team/web:1' },
    told: 'invalid reference format: repository name (Team/web) must be lowercase',
    cause: 'InvalidImageName',
    state: 'failing',
    wrong: ['reference'],
    says: /A repository must be in lower case/,
    unseen: UNASKED,
    fix: /^Did you mean "registry\.acme\.test\/team\/web:1"\?$/,
    agrees: true,
  },
  {
    about: 'a registry on localhost',
    pod: { image: 'localhost:5000/team/web:1' },
    told: `${P}${REQUEST}dial tcp 127.0.0.1:5000: connect: connection refused`,
    cause: 'LoopbackRegistry',
    state: 'failing',
    wrong: ['registry'],
    says: /each node's own localhost/,
    unseen: UNHEARD,
    fix: null,
    agrees: true,
  },
  {
    about: 'a secret in another namespace',
    pod: { image: BILLING, secret: 'elsewhere' },
    told: DENIED,
    cause: 'CredentialsRequired',
    state: 'failing',
    wrong: ['namespace', 'secret', 'registry'],
    says: /^A pull secret is in another namespace\.$/,
    evidence: /^Secret elsewhere exists in billing, not in shop$/,
    unseen: UNREAD,
    fix: /kubectl -n shop create secret docker-registry elsewhere/,
    agrees: true,
  },
  {
    about: 'a secret with a password of yesterday',
    pod: { image: BILLING, secret: 'stale' },
    told: `${P}${HEAD}401 Unauthorized`,
    cause: 'CredentialsRejected',
    state: 'failing',
    wrong: ['secret', 'registry'],
    says: /401 to the credentials in secret shop\/stale \(key "billing\.acme\.test"\)/,
    evidence: /^Secret shop\/stale has credentials for billing\.acme\.test$/m,
    unseen: UNREAD,
    fix: /^Renew it: kubectl -n shop create secret/,
    agrees: true,
  },
  {
    about: 'a secret that cannot be decoded',
    pod: { image: BILLING, secret: 'broken' },
    told: 'Unable to retrieve some image pull secrets (broken); attempting to pull the image may not succeed.',
    cause: 'PullSecretMalformed',
    state: 'failing',
    wrong: ['secret'],
    says: /Pull secret shop\/broken cannot be decoded/,
    evidence: /^Secret shop\/broken is not usable \(malformed\)$/m,
    unseen: UNASKED,
    fix: /^Make it anew/,
    agrees: true,
  },
  {
    about: 'a registry that wants to know who asks',
    pod: { image: BILLING },
    told: DENIED,
    cause: 'CredentialsRequired',
    state: 'failing',
    wrong: ['registry'],
    says: /No pull secret is named, and service account default has none either/,
    evidence: /^anonymous: 401 unauthorized \(no-credentials\)$/,
    unseen: UNREAD,
    fix: /kubectl -n shop patch serviceaccount default/,
    agrees: true,
  },
  {
    about: 'a registry that is down',
    pod: { image: 'down.acme.test/team/web:1' },
    told: `${P}${REQUEST}dial tcp 10.0.0.1:443: connect: connection refused`,
    cause: 'RegistryUnreachable',
    state: 'failing',
    wrong: ['registry'],
    says: /refuses connections from here/,
    evidence: /^anonymous: unreachable \(connection-refused\)$/,
    unseen: UNHEARD,
    fix: /^Check the host and the port/,
    agrees: true,
  },
  {
    about: 'a registry that fails',
    pod: { image: 'broken.acme.test/team/web:1' },
    told: `${P}${HEAD}503 Service Unavailable`,
    cause: 'RegistryError',
    state: 'failing',
    wrong: ['registry'],
    says: /broken\.acme\.test answered 503/,
    evidence: /^anonymous: 503 unexpected$/,
    unseen: UNREAD,
    fix: null,
    agrees: true,
  },
  {
    about: 'a certificate of an unknown authority',
    pod: { image: 'untrusted.acme.test/team/web:1' },
    told: UNTRUSTED,
    cause: 'CertificateUntrusted',
    state: 'failing',
    wrong: ['tls'],
    says: /is signed by an authority that is not trusted here/,
    unseen: ['registry', 'rate-limit', ...UNREAD],
    fix: /hosts\.toml \(ca\)/,
    agrees: true,
  },
  {
    about: 'a registry without TLS',
    pod: { image: 'plain.acme.test/team/web:1' },
    told: `${P}${REQUEST}http: server gave HTTP response to HTTPS client`,
    cause: 'PlainHttpRegistry',
    state: 'failing',
    wrong: ['tls'],
    says: /speaks plain HTTP/,
    unseen: ['registry', 'rate-limit', ...UNREAD],
    fix: /hostsDirectory, or plainHttp/,
    agrees: true,
  },
  {
    about: 'an authority that only the node does not know',
    pod: { image: GOOD },
    told: UNTRUSTED,
    cause: null,
    state: 'transient',
    wrong: ['tls'],
    says: /^The registry is trusted from here and not by the node/,
    unseen: [],
    fix: /^Install the authority of the registry on the node/,
    agrees: null,
  },
  {
    about: 'a spent quota',
    pod: { image: 'limited.acme.test/team/popular:1.27' },
    told: `${P}${HEAD}429 Too Many Requests`,
    cause: 'RateLimited',
    state: 'failing',
    wrong: ['rate-limit'],
    says: /is limiting requests from this address \(429\).*wait 60 seconds/,
    unseen: UNREAD,
    fix: /^Pull with an account, or through a mirror/,
    agrees: true,
  },
  {
    about: 'a quota that only the node has spent',
    pod: { image: GOOD },
    told: `${P}${HEAD}429 Too Many Requests`,
    cause: null,
    state: 'transient',
    wrong: ['rate-limit'],
    says: /^The registry counts the pulls of the node, or of its network, and not ours/,
    unseen: [],
    fix: /^Wait until the window is over/,
    agrees: null,
  },
  {
    about: 'a tag that does not exist',
    pod: { image: 'registry.acme.test/team/web:1.277' },
    told: `${NOT_FOUND}registry.acme.test/team/web:1.277: not found`,
    cause: 'ImageNotFound',
    state: 'failing',
    wrong: ['existence'],
    says: /has no tag "1\.277"\. Nearest tags: 1\.27\.7, 1\.27/,
    unseen: ['platform'],
    fix: /^Correct the tag/,
    agrees: true,
  },
  {
    about: 'a repository that does not exist',
    pod: { image: 'registry.acme.test/team/wep:1.27' },
    told: `${NOT_FOUND}registry.acme.test/team/wep:1.27: not found`,
    cause: 'RepositoryNotFound',
    state: 'failing',
    wrong: ['existence'],
    says: /has no repository "team\/wep"\./,
    unseen: ['platform'],
    fix: /^Check the spelling/,
    agrees: true,
  },
  {
    about: 'an index without the platform of the nodes',
    pod: { image: 'registry.acme.test/team/mainframe:1.0' },
    told: `${NOT_FOUND}no match for platform in manifest: not found`,
    cause: 'PlatformMismatch',
    state: 'failing',
    wrong: ['platform'],
    says: /has linux\/s390x, and every eligible node is linux\/amd64/,
    evidence: /^the index has linux\/s390x\n1 eligible node is linux\/amd64$/,
    unseen: [],
    fix: /--platform linux\/amd64/,
    agrees: true,
  },
  {
    about: 'a node that has this trouble alone',
    pod: { image: GOOD },
    told: TIMED_OUT,
    cause: null,
    state: 'transient',
    wrong: ['other-pods'],
    says: /^Only node n1 has this trouble with registry\.acme\.test/,
    evidence: /^on node n1: 0 with their image, 1 waiting for it\non other nodes: 1 with/,
    unseen: [],
    fix: /kubectl -n shop delete pod stuck/,
    agrees: null,
    others: [
      linuxNode('n2'),
      pod('well', { image: GOOD, nodeName: 'n2' }),
      pod('as-well', { image: GOOD, waiting: backOff(GOOD) }),
    ],
  },
  {
    about: 'replicas with the same mistake, beside Pods that are well',
    pod: { image: 'registry.acme.test/team/web:1.277' },
    told: `${NOT_FOUND}registry.acme.test/team/web:1.277: not found`,
    cause: 'ImageNotFound',
    state: 'failing',
    wrong: ['existence'],
    says: /has no tag "1\.277"/,
    unseen: ['platform'],
    fix: /^Correct the tag/,
    agrees: true,
    others: [
      linuxNode('n2'),
      pod('well', { image: GOOD, nodeName: 'n2' }),
      pod('replica', {
        image: 'registry.acme.test/team/web:1.277',
        waiting: backOff('registry.acme.test/team/web:1.277'),
      }),
    ],
  },
]

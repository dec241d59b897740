import { customResourceRules } from './custom-resource-fields.ts'
import {
  autoOr,
  boolean,
  causeActions,
  duration,
  file,
  glob,
  integer,
  oneOf,
} from './kinds.ts'
import { cidr, platform, serviceAccountGlob } from './network-kinds.ts'
import { nodeCredentials, noNodeCredentials } from './node-credential-fields.ts'
import { registryEntries } from './registry-fields.ts'
import { defaultsOf, listOf, map, optional, unset } from './schema.ts'

const networkFields = {
  allow: optional(
    listOf(cidr),
    [],
    'Address blocks that registries may be reached at, even if the built-in list refuses them.',
  ),
  deny: optional(
    listOf(cidr),
    [],
    'Address blocks that are refused beside the built-in list (loopback, link-local, metadata, unspecified).',
  ),
}

const exemptFields = {
  namespaces: optional(listOf(glob), ['kube-system'], 'Globs over names of Namespaces.'),
  images: optional(
    listOf(glob),
    [],
    'Globs over images as written and in full (docker.io/library/nginx:1.27); * crosses slashes. They are never looked up.',
  ),
  users: optional(
    listOf(glob),
    [],
    'Globs over the names of the users who send the requests, such as system:node:*.',
  ),
  serviceAccounts: optional(
    listOf(serviceAccountGlob),
    [],
    'Globs over namespace:name of service accounts: of the one that sends the request, and of the one that the Pods run as.',
  ),
}

const cacheFields = {
  maxEntries: optional(
    integer(1, 10_000_000),
    10_000,
    'Look-ups that are remembered at most.',
  ),
  maxBytes: optional(
    integer(65_536, 1_073_741_824),
    33_554_432,
    'Bytes of all remembered look-ups together, roughly; what was used least is forgotten first.',
  ),
  digestTtl: optional(
    duration('0s', '24h'),
    3_600_000,
    'How long an image that was found by digest is remembered.',
  ),
  tagTtl: optional(
    duration('0s', '1h'),
    60_000,
    'How long an image that was found by tag is remembered.',
  ),
  refusalTtl: optional(
    duration('0s', '2s'),
    2_000,
    'How long a refusal is remembered; two seconds at most, so that a denial is fresh.',
  ),
  errorTtl: optional(
    duration('0s', '1m'),
    1_000,
    'How long a failure of a registry is remembered, so that it is not asked again by every request.',
  ),
}

/** Every field of the configuration file, in the order of the documentation. */
export const rootFields = {
  mode: optional(
    oneOf('enforce', 'warn', 'audit'),
    'enforce',
    'What is done with a verdict: enforce refuses, warn lets through with warnings, audit only logs and counts. The label pullgate.dev/mode of a Namespace overrides it.',
  ),
  actions: optional(
    causeActions,
    {},
    'What is done about a certain finding, per cause. An uncertain finding is never more than warned about.',
    'the default of each cause',
  ),
  controllerPods: optional(
    oneOf('warn', 'deny'),
    'warn',
    'Pods that a controller made: nobody sees their denial, and a drain would become an outage.',
  ),
  deadline: optional(
    duration('1ms', '10m'),
    8_000,
    'How long one review may take at most; never past what the API server allows.',
  ),
  runtimeProfile: optional(
    oneOf('auto', 'containerd-2.1', 'containerd-1.7', 'cri-o'),
    'auto',
    "The container runtime of the nodes; auto reads it from the Nodes' containerRuntimeVersion.",
  ),
  secrets: optional(
    oneOf('get', 'none'),
    'get',
    'Whether pull secrets are read; none makes anonymous look-ups only and needs no access to Secrets.',
  ),
  registries: optional(registryEntries, [], 'What you know about single registries.'),
  hostsDirectory: unset(
    file,
    "A copy of the nodes' hosts.toml tree (/etc/containerd/certs.d). It decides where a host is reached, and is taken for complete.",
  ),
  nodeCredentialHosts: optional(
    listOf(glob),
    [],
    'Globs over registry hosts for which only nodes have credentials; added to the built-in list (ECR, GAR, GCR, ACR).',
  ),
  nodeCredentials: optional(
    nodeCredentials,
    noNodeCredentials,
    'Credentials that the nodes have for themselves; a list where they differ by pool.',
    'see its fields',
  ),
  platforms: optional(
    autoOr(
      listOf(platform, (items, report) => {
        if (items.length === 0) report(0, 'is empty; write auto or at least one platform')
      }),
    ),
    'auto',
    'The platforms of the nodes; auto reads them from the Nodes.',
  ),
  verifyIndexes: optional(
    boolean,
    false,
    'Look up each entry of an index that serves the nodes, which a clean-up of the registry may have deleted; one more request for each entry of a new index.',
  ),
  preloadedImages: optional(
    listOf(glob),
    [],
    'Globs over images that are already on every node; * crosses slashes.',
  ),
  network: optional(
    map(networkFields),
    defaultsOf(networkFields),
    'The connect-time guard against registry hosts that lead into the cluster.',
  ),
  allowedRegistries: optional(
    listOf(glob, (globs, report) => {
      if (globs.length === 0) report(0, 'is empty; write "*" or at least one registry')
    }),
    ['*'],
    'Globs over host[:port] of the registries that images may be from; docker.io for Docker Hub. No other one is contacted.',
  ),
  deniedRegistries: optional(
    listOf(glob),
    [],
    'Globs over host[:port] of registries that are never contacted; one without a port is for every port. Wins over allowedRegistries.',
  ),
  exempt: optional(
    map(exemptFields),
    defaultsOf(exemptFields),
    'What is let through without being judged.',
  ),
  allowSkip: optional(
    boolean,
    true,
    'Whether the annotation pullgate.dev/skip: "<reason>" is honoured.',
  ),
  harmlessMutators: optional(
    listOf(glob),
    [],
    'Globs over names of mutating webhooks (or their configurations) that leave images and pull secrets alone; added to the built-in list.',
  ),
  customResources: optional(
    customResourceRules,
    [],
    'Where custom resources keep their pod templates or images.',
  ),
  cache: optional(
    map(cacheFields),
    defaultsOf(cacheFields),
    'How long the answers of registries are remembered.',
  ),
  logLevel: optional(
    oneOf('trace', 'debug', 'info', 'warn', 'error'),
    'info',
    'The least severe log lines that are written.',
  ),
}

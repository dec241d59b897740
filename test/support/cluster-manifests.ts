/** Manifests for a standalone folder, as `kubectl get -o yaml` shows them. Old enough that nothing counts as just made. */
const LONG_AGO = '2026-01-05T08:00:00Z'

export interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; [field: string]: unknown }
  [field: string]: unknown
}

export function namespace(name: string, labels: Record<string, string> = {}): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels, creationTimestamp: LONG_AGO },
    status: { phase: 'Active' },
  }
}

export function node(name: string, architecture = 'amd64'): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      creationTimestamp: LONG_AGO,
      labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': architecture },
    },
    spec: {},
    status: {
      nodeInfo: {
        operatingSystem: 'linux',
        architecture,
        containerRuntimeVersion: 'containerd://2.1.4',
        kubeletVersion: 'v1.34.1',
      },
      conditions: [{ type: 'Ready', status: 'True' }],
      images: [],
    },
  }
}

export function serviceAccount(
  namespaceName: string,
  name: string,
  imagePullSecrets: readonly string[] = [],
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: namespaceName, creationTimestamp: LONG_AGO },
    imagePullSecrets: imagePullSecrets.map((each) => ({ name: each })),
  }
}

/** A docker config with `auth` alone, as `kubectl create secret docker-registry` writes beside the plain fields. */
export function dockerConfig(logins: Readonly<Record<string, string>>): object {
  const auths = Object.entries(logins).map(([key, login]) => [
    key,
    { auth: Buffer.from(login).toString('base64') },
  ])
  return { auths: Object.fromEntries(auths) }
}

export interface PullSecretOptions {
  type?: string
  /** Replaces `.dockerconfigjson`. */
  key?: string
}

/** `content` is the docker config, or any text where it shall be malformed. */
export function pullSecret(
  namespaceName: string,
  name: string,
  content: object | string,
  options: PullSecretOptions = {},
): Manifest {
  const { type = 'kubernetes.io/dockerconfigjson', key = '.dockerconfigjson' } = options
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: namespaceName, creationTimestamp: LONG_AGO },
    type,
    data: { [key]: Buffer.from(text).toString('base64') },
  }
}

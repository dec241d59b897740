/** What people apply, in as few words as they would write. */
export interface PodShape {
  image: string
  secret?: string
  serviceAccount?: string
  annotations?: Readonly<Record<string, string>>
  /** Where its Pods are, since there is no scheduler. */
  nodeName?: string
}

export function pod(name: string, shape: PodShape): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    ...template(name, shape, { name }),
  }
}

export function deployment(name: string, shape: PodShape, replicas = 1): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, annotations: shape.annotations ?? {} },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: template(name, shape),
    },
  }
}

/** One of every other kind that makes Pods. */
export function otherWorkloads(name: string, shape: PodShape): object[] {
  const pods = template(name, shape)
  const job = { ...pods, spec: { ...pods.spec, restartPolicy: 'Never' } }
  const metadata = { name }
  const selector = { matchLabels: { app: name } }
  const apps = { apiVersion: 'apps/v1', metadata }
  const batch = { apiVersion: 'batch/v1', metadata }
  return [
    { ...apps, kind: 'ReplicaSet', spec: { selector, template: pods } },
    { ...apps, kind: 'StatefulSet', spec: { selector, template: pods } },
    { ...apps, kind: 'DaemonSet', spec: { selector, template: pods } },
    { ...batch, kind: 'Job', spec: { template: job } },
    {
      ...batch,
      kind: 'CronJob',
      spec: { schedule: '0 4 * * *', jobTemplate: { spec: { template: job } } },
    },
    {
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata,
      spec: { selector: { app: name }, template: pods },
    },
    { apiVersion: 'v1', kind: 'PodTemplate', metadata, template: pods },
  ]
}

export interface Login {
  host: string
  username: string
  password: string
}

export function pullSecret(name: string, { host, username, password }: Login): object {
  const auth = Buffer.from(`${username}:${password}`).toString('base64')
  const config = JSON.stringify({ auths: { [host]: { username, password, auth } } })
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
  }
}

export function serviceAccount(name: string, secret: string): object {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name },
    imagePullSecrets: [{ name: secret }],
  }
}

interface Template {
  metadata: object
  spec: Record<string, unknown>
}

function template(app: string, shape: PodShape, metadata: object = {}): Template {
  const { image, secret, serviceAccount: account, annotations, nodeName } = shape
  return {
    metadata: { ...metadata, labels: { app }, annotations: annotations ?? {} },
    spec: {
      // Without a kubelet nothing confirms the end of a Pod: it goes at once.
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'app', image }],
      ...(secret === undefined ? {} : { imagePullSecrets: [{ name: secret }] }),
      ...(account === undefined ? {} : { serviceAccountName: account }),
      ...(nodeName === undefined ? {} : { nodeName }),
    },
  }
}

export function nodeOf(
  name: string,
  architecture = 'amd64',
  os = 'linux',
  taints: readonly object[] = [],
): object {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/os': os,
        'kubernetes.io/arch': architecture,
        'kubernetes.io/hostname': name,
      },
    },
    spec: { taints },
    status: {
      capacity: { cpu: '8', memory: '16Gi', pods: '110' },
      allocatable: { cpu: '8', memory: '16Gi', pods: '110' },
      nodeInfo: {
        operatingSystem: os,
        architecture,
        containerRuntimeVersion: 'containerd://2.1.4',
        kubeletVersion: 'v1.36.3',
        kubeProxyVersion: '',
        osImage: 'Debian GNU/Linux 13 (trixie)',
        kernelVersion: os === 'windows' ? '10.0.20348.2113' : '6.12.0',
        machineID: name,
        systemUUID: name,
        bootID: name,
      },
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  }
}

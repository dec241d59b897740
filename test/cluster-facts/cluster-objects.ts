/** One small cluster as its API server would return it, for every implementation of ClusterFacts. */
export const clusterObjects: Record<string, unknown>[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } },
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: 'team-a',
      labels: { 'pullgate.dev/mode': 'warn', team: 'a' },
      creationTimestamp: '2026-01-02T03:04:05Z',
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/dockerconfigjson',
    metadata: {
      name: 'acme-pull',
      namespace: 'team-a',
      creationTimestamp: '2026-01-02T03:04:05Z',
    },
    data: { '.dockerconfigjson': 'e30=' },
  },
  {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'team-a' },
    imagePullSecrets: [{ name: 'acme-pull' }, {}, { name: 'other' }],
  },
  {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'default' },
  },
  {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'worker-1', labels: { 'kubernetes.io/arch': 'arm64' } },
    spec: {
      providerID: 'kind://docker/kind/worker-1',
      unschedulable: true,
      taints: [{ key: 'gpu', effect: 'NoSchedule' }],
    },
    status: {
      conditions: [
        { type: 'MemoryPressure', status: 'False' },
        { type: 'Ready', status: 'True' },
      ],
      nodeInfo: {
        operatingSystem: 'linux',
        architecture: 'arm64',
        containerRuntimeVersion: 'containerd://2.1.4',
        kubeletVersion: 'v1.34.1',
        osImage: 'Debian GNU/Linux 12',
        kernelVersion: '6.1.0',
      },
      images: [
        { names: ['docker.io/library/nginx@sha256:00', 'docker.io/library/nginx:1.27'] },
        { names: null },
      ],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'worker-2' },
    status: {
      conditions: [{ type: 'Ready', status: 'Unknown' }],
      nodeInfo: { operatingSystem: 'windows', architecture: 'amd64' },
    },
  },
  pod('web-1', 'node-1'),
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'injector' },
    webhooks: [
      webhook('labelled.acme.io', {
        namespaceSelector: {
          matchLabels: { team: 'a' },
          matchExpressions: [
            { key: 'kubernetes.io/metadata.name', operator: 'In', values: ['team-a'] },
            { key: 'mesh', operator: 'NotIn', values: ['off'] },
            { key: 'mesh', operator: 'DoesNotExist' },
            { key: 'team', operator: 'Exists' },
          ],
        },
      }),
      webhook('everything.acme.io', {
        objectSelector: { matchLabels: { inject: 'true' } },
        rules: [rule({ operations: ['*'], apiGroups: ['*'], resources: ['*/*'] })],
      }),
      webhook('subresource.acme.io', { rules: [rule({ resources: ['pods/status'] })] }),
      webhook('updates.acme.io', { rules: [rule({ operations: ['UPDATE'] })] }),
      webhook('deployments.acme.io', {
        rules: [rule({ apiGroups: ['apps'], resources: ['deployments'] })],
      }),
      webhook('cluster.acme.io', {
        rules: [rule({ resources: ['*'], scope: 'Cluster' })],
      }),
    ],
  },
]

function pod(name: string, nodeName: string): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'team-a' },
    spec: {
      nodeName,
      imagePullSecrets: [{ name: 'acme-pull' }],
      initContainers: [{ name: 'init', image: 'busybox', imagePullPolicy: 'Always' }],
      containers: [
        { name: 'web', image: 'registry.acme.io/web:1', imagePullPolicy: 'IfNotPresent' },
      ],
    },
    status: {
      containerStatuses: [{ name: 'web', imageID: 'registry.acme.io/web@sha256:00' }],
    },
  }
}

function rule(fields: object): object {
  return {
    operations: ['CREATE'],
    apiGroups: [''],
    apiVersions: ['v1'],
    resources: ['pods'],
    ...fields,
  }
}

function webhook(name: string, fields: object): object {
  return { name, rules: [rule({})], ...fields }
}

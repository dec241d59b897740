const spec = (image = 'a:1') => ({ containers: [{ name: 'c', image }] })

export interface Shape {
  owner?: [kind: string, name: string, apiVersion?: string]
  image?: string
  spec?: object
  status?: object
  labels?: Record<string, string>
  namespace?: string
  node?: string
}

/** An object of a cluster with one container; `owner` is its controller. */
export function object(
  apiVersion: string,
  kind: string,
  name: string,
  shape: Shape = {},
) {
  const { owner, image, labels = {}, namespace = 'shop', status = {}, node } = shape
  const [ownerKind, ownerName, version] = owner ?? []
  const pods = spec(image)
  const own =
    kind === 'Pod'
      ? { ...pods, ...(node === undefined ? {} : { nodeName: node }) }
      : kind === 'CronJob'
        ? { jobTemplate: { spec: { template: { spec: pods } } } }
        : { template: { spec: pods } }
  const reference = {
    apiVersion: version ?? (ownerKind?.includes('Job') ? 'batch/v1' : 'apps/v1'),
    kind: ownerKind,
    name: ownerName,
    controller: true,
  }
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      labels,
      ...(owner === undefined ? {} : { ownerReferences: [reference] }),
    },
    spec: { ...own, ...shape.spec },
    status,
  }
}

export const deployment = (name: string, shape?: Shape) =>
  object('apps/v1', 'Deployment', name, shape)
export const replicaSet = (name: string, shape?: Shape) =>
  object('apps/v1', 'ReplicaSet', name, shape)
export const pod = (name: string, shape?: Shape) => object('v1', 'Pod', name, shape)

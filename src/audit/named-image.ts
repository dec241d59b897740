import { readWorkload } from '../workload/read-workload.ts'
import type { CollectedWorkload } from './collect-manifests.ts'

/** A bare image name, judged as the only container of a Pod in this namespace: with the pull secrets of its service account. */
export function namedImage(image: string, namespace: string): CollectedWorkload {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'image', namespace },
    spec: { containers: [{ name: '', image }] },
  }
  const read = readWorkload(pod, [], { namespace, stage: 'manifest' })
  if (read.status !== 'workload') throw new TypeError('a Pod of ours is a workload')
  const images = read.workload.images.map((use) => ({
    ...use,
    path: '',
    container: null,
  }))
  return {
    workload: { ...read.workload, images },
    positionOf: () => null,
    shownAs: { apiVersion: '', kind: 'Image', namespace: '', name: image },
  }
}

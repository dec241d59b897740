import { defaultPullPolicy } from './default-pull-policy.ts'
import { MalformedField, below, entriesOf, fieldsOf, textOf } from './json-fields.ts'
import type { Fields } from '../json/fields.ts'
import type { ImageRole, ImageUse, PullPolicy } from './workload.ts'

const containerLists: readonly [string, ImageRole][] = [
  ['initContainers', 'initContainer'],
  ['containers', 'container'],
  ['ephemeralContainers', 'ephemeralContainer'],
]

/**
 * Every image of a pod spec, in the order in which the kubelet starts the containers, image volumes last. A container
 * without an image is kept with the empty one. Throws MalformedField.
 */
export function readImages(spec: Fields, path: string): ImageUse[] {
  const containers = containerLists.flatMap(([field, role]) =>
    entriesOf(spec[field], below(path, field)).map((entry) =>
      imageUse(entry, { role, imageField: 'image', policyField: 'imagePullPolicy' }),
    ),
  )
  return [...containers, ...readImageVolumes(spec, path)]
}

/** spec.imagePullSecrets[].name in order; an entry without a name is the empty string. Throws MalformedField. */
export function readPullSecrets(spec: Fields, path: string): string[] {
  return entriesOf(spec.imagePullSecrets, below(path, 'imagePullSecrets')).map((entry) =>
    textOf(entry.fields.name, below(entry.path, 'name')),
  )
}

/** serviceAccountName, or its old spelling serviceAccount, which the API server still copies over; null without either. */
export function readServiceAccountName(spec: Fields, path: string): string | null {
  const name = textOf(spec.serviceAccountName, below(path, 'serviceAccountName'))
  return name || textOf(spec.serviceAccount, below(path, 'serviceAccount')) || null
}

function readImageVolumes(spec: Fields, path: string): ImageUse[] {
  return entriesOf(spec.volumes, below(path, 'volumes')).flatMap((volume) => {
    const imagePath = below(volume.path, 'image')
    const { image } = volume.fields
    if (image === undefined || image === null) return []
    const fields = { ...fieldsOf(image, imagePath), name: volume.fields.name }
    const layout = { imageField: 'reference', policyField: 'pullPolicy' }
    return [imageUse({ fields, path: imagePath }, { role: 'volume', ...layout })]
  })
}

interface ImageLayout {
  role: ImageRole
  imageField: string
  policyField: string
}

function imageUse(
  { fields, path }: { fields: Fields; path: string },
  { role, imageField, policyField }: ImageLayout,
): ImageUse {
  const imagePath = below(path, imageField)
  const image = textOf(fields[imageField], imagePath)
  const written = textOf(fields[policyField], below(path, policyField))
  return {
    image,
    path: imagePath,
    container: textOf(fields.name, below(path, 'name')) || null,
    role,
    pullPolicy:
      readPullPolicy(written, below(path, policyField)) ?? defaultPullPolicy(image),
  }
}

function readPullPolicy(written: string, path: string): PullPolicy | null {
  switch (written) {
    case '':
      return null
    case 'Always':
    case 'IfNotPresent':
    case 'Never':
      return written
    default:
      throw new MalformedField(path, 'Always, IfNotPresent or Never')
  }
}

import type {
  AuditGroup,
  AuditOutcome,
  AuditedImage,
} from '../../src/audit/audit-result.ts'
import type { Action } from '../../src/policy/action.ts'
import type { CauseCode } from '../../src/prediction/causes.ts'

export interface ImageSettings {
  image: string
  action?: Action
  cause?: CauseCode
  message?: string
  advice?: string
  container?: string | null
  path?: string
  line?: number
  file?: string
}

/** One judged image, with one finding unless it is allowed. */
export function anImage(settings: ImageSettings): AuditedImage {
  const { image, action = 'deny', cause = 'ImageNotFound', container = 'web' } = settings
  const { path = 'spec.containers[0].image', line = 7, file = 'a.yaml' } = settings
  const finding = {
    cause,
    certainty: action === 'deny' ? ('certain' as const) : ('uncertain' as const),
    message: settings.message ?? `${cause} of ${image}.`,
    advice: settings.advice ?? 'Do something about it.',
    doubts: action === 'deny' ? [] : ['A node may hold it.'],
  }
  const findings = action === 'allow' ? [] : [{ finding, action }]
  const use = { image, path, container, role: 'container', pullPolicy: 'Always' } as const
  return {
    decision: {
      prediction: { use, reference: null, digest: null, findings: [], attempts: [] },
      action,
      leading: findings[0] ?? null,
      findings,
    },
    position: { file, line, column: 3 },
    known: [],
  }
}

/** The same, of which a baseline knows everything. */
export function aKnown(image: AuditedImage): AuditedImage {
  return { ...image, known: image.decision.findings }
}

/** One Deployment for each list of images. */
export function anOutcome(...objects: AuditedImage[][]): AuditOutcome {
  return {
    objects: objects.map((images, index) => ({
      object: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        namespace: 'team-a',
        name: `web-${index}`,
      },
      images,
      exempted: null,
    })),
    problems: [],
  }
}

/** How widespread something is: four Pods, two of which would be lost for certain. */
export function aGroup(key: string): AuditGroup {
  const blastRadius = { certain: 2, possible: 1 }
  return { key, objects: 3, images: 2, deny: 2, warn: 1, pods: 4, blastRadius }
}

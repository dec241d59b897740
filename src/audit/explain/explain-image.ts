import { registryOf } from '../../cluster/read-pod.ts'
import type { Finding } from '../../prediction/finding.ts'
import type { ImagePrediction } from '../../prediction/prediction.ts'
import type { PullCredentials } from '../../prediction/pull-secrets/pull-credentials.ts'
import { printable } from '../../text/printable.ts'
import { canFailPull, classifyPullError } from './classify-pull-error.ts'
import type { PullError } from './classify-pull-error.ts'
import { imageSteps } from './explain-steps.ts'
import type { ExplainedImage, ImageState, Step } from './explanation.ts'
import type { StepFacts } from './make-step.ts'
import { countNeighbours, neighbourStep } from './other-pods.ts'
import { kubeletWords } from './kubelet-words.ts'
import type { KubeletWords } from './kubelet-words.ts'
import type { ContainerState, PodEvent, PodState } from './read-pod-state.ts'

export interface ExplainImageOptions {
  prediction: ImagePrediction
  credentials: PullCredentials
  elsewhere: StepFacts['elsewhere']
  pod: PodState | null
  events: readonly PodEvent[]
  /** Null where no other Pods could be listed. */
  neighbours: readonly PodState[] | null
}

/** One image: what the kubelet said, what is so now, step by step, and what to do. Pure. */
export function explainImage(options: ExplainImageOptions): ExplainedImage {
  const { prediction, pod, events } = options
  const { use } = prediction
  const container =
    pod?.containers.find(
      ({ role, name }) => role === use.role && name === use.container,
    ) ?? null
  const words = container === null ? null : kubeletWords(container, events)
  const error = words === null ? null : classifyPullError(wordsOf(words))
  const finding = prediction.findings.find(({ cause }) => canFailPull(cause)) ?? null
  const state = stateOf(container, words, finding)
  const agrees = agreement(error, prediction.findings, finding)
  return {
    container: printable(use.container ?? use.path, 253),
    image: printable(use.image),
    state,
    conclusion: conclude(state, { words, error, finding, agrees }),
    cause: finding?.cause ?? null,
    certainty: finding?.certainty ?? null,
    kubelet:
      words === null || error === null
        ? null
        : {
            reason: printable(words.reason, 100),
            message: printable(words.text, MAX_TEXT),
            class: error.class,
            since: words.since,
            failures: words.failures,
            agrees,
          },
    steps: [
      ...imageSteps({ ...options, error }),
      otherPods(options, words !== null),
      ...(words === null || error === null ? [] : [kubeletStep(words, error, agrees)]),
    ],
    fix: fixOf(state, finding, { error, pod }),
  }
}

/** A text of containerd with two addresses in it is some 600 characters. */
const MAX_TEXT = 2_000

/** The reason of a waiting container says it where the message does not. */
function wordsOf({ reason, text }: KubeletWords): string {
  return text === '' ? reason : text
}

function stateOf(
  container: ContainerState | null,
  words: KubeletWords | null,
  finding: Finding | null,
): ImageState {
  if (container?.isStartFailing === true) return 'start'
  if (finding?.cause === 'Unverified') return 'unknown'
  if (words !== null) return finding === null ? 'transient' : 'failing'
  if (finding === null) return 'fine'
  return container?.hasImage === true ? 'at-risk' : 'failing'
}

/** Null where the text is not known, says nothing of what we could see, or there is nothing to compare it with. */
function agreement(
  error: PullError | null,
  findings: readonly Finding[],
  failing: Finding | null,
): boolean | null {
  if (error === null || error.class === null || error.causes.length === 0) return null
  if (failing === null || failing.cause === 'Unverified') return null
  return findings.some(({ cause }) => error.causes.includes(cause))
}

interface Known {
  words: KubeletWords | null
  error: PullError | null
  finding: Finding | null
  agrees: boolean | null
}

function conclude(state: ImageState, { words, error, finding, agrees }: Known): string {
  const cause = finding === null ? '' : `[${finding.cause}] ${finding.message}`
  const since = words?.since ? ` It fails since ${words.since}.` : ''
  switch (state) {
    case 'fine':
      return 'It would be pulled now, and nothing failed.'
    case 'at-risk':
      return `The Pod has its image and would not get it again: ${cause}`
    case 'start':
      return `The image is there and does not start, since ${error?.words ?? 'it fails'}.${since}`
    case 'unknown':
      return `${cause}${since}`
    case 'transient':
      return error?.causes.length === 0 && error.class !== null
        ? `From here it could be pulled now; on the node ${error.words}.${since}`
        : `It would be pulled now: what failed has passed, was mended, or only concerns the node (${error?.words}).${since}`
    default:
      return agrees === false
        ? `${cause} The kubelet said something else: ${error?.words}.${since}`
        : `${cause}${since}`
  }
}

function kubeletStep(
  words: KubeletWords,
  error: PullError,
  agrees: boolean | null,
): Step {
  const times = words.failures === null ? '' : `, ${words.failures} times`
  const since = words.since === null ? '' : ` since ${words.since}`
  const verdict =
    agrees === null
      ? []
      : [
          agrees
            ? 'agrees with what was found here'
            : 'disagrees with what was found here',
        ]
  return {
    name: 'kubelet',
    outcome: 'problem',
    summary: `${printable(words.reason, 100)}${since}${times}: ${error.words}.`,
    evidence: [printable(words.text, MAX_TEXT), ...verdict].filter((line) => line !== ''),
  }
}

function otherPods(
  { prediction, pod, neighbours }: ExplainImageOptions,
  isFailing: boolean,
): Step {
  const registry = prediction.reference?.registry ?? registryOf(prediction.use.image)
  if (registry === null) {
    const summary = 'No other Pod can have an image of this name.'
    return { name: 'other-pods', outcome: 'unknown', summary, evidence: [] }
  }
  const node = pod?.node ?? null
  const self = `${pod?.namespace ?? ''}/${pod?.name ?? ''}`
  const counted =
    neighbours === null
      ? null
      : countNeighbours(neighbours, { registry, image: prediction.use.image, node, self })
  return neighbourStep(counted, { registry: printable(registry, 300), node, isFailing })
}

const NODE_FIXES: Partial<Record<NonNullable<PullError['class']>, string>> = {
  'disk-full': 'Free the disk of the node, or give it a larger one.',
  tls: 'Install the authority of the registry on the node, in /etc/containerd/certs.d.',
  'rate-limited':
    'Wait until the window is over, or pull with an account or through a mirror.',
}

/** A kubelet waits up to five minutes between two tries; a new Pod is tried at once. */
function fixOf(
  state: ImageState,
  finding: Finding | null,
  { error, pod }: { error: PullError | null; pod: PodState | null },
): string | null {
  if (state === 'transient') {
    const onNode = error?.class ? NODE_FIXES[error.class] : undefined
    if (onNode !== undefined) return onNode
    return pod === null
      ? null
      : `The kubelet tries again within five minutes. At once: kubectl -n ${pod.namespace} delete pod ${pod.name}`
  }
  if (state === 'start' && finding === null)
    return 'Build the image for the architecture of the node, or choose nodes by nodeSelector kubernetes.io/arch.'
  return finding?.advice ?? null
}

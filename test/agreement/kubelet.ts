import { createKeyring, parseReference } from '../../src/index.ts'
import type { Credential } from '../../src/credentials/credential.ts'
import { InvalidImageName } from '../../src/reference/invalid-image-name.ts'
import { PullSecretMalformed } from '../../src/credentials/pull-secret-malformed.ts'
import { classify } from './classify.ts'
import type { CriClient } from './cri-client.ts'
import type { FailureClass } from './scenario.ts'

/** How a pull ended. */
export type Outcome =
  | { status: 'pulled' }
  /** One text for each attempt; `classes` holds null for a text that fits no class. */
  | { status: 'failed'; classes: (FailureClass | null)[]; texts: string[] }

export interface Pull {
  /** As written in the Pod. */
  image: string
  /** The parsed docker configs of the pull secrets that the kubelet finds and reads, in order. */
  dockerConfigs: readonly unknown[]
  /** A secret whose text is no JSON at all, which the kubelet gives up on. */
  hasUnreadableSecret: boolean
}

/** How long one PullImage may take: containerd 2.3 and later wait 30 seconds for a header, 1.6 for five minutes. */
const PULL_TIMEOUT_MS = 35_000

/**
 * Pulls as the kubelet does (pull-semantics 0.5 and 3.4): the pull secrets are decoded first and one that is malformed ends it;
 * then every credential that matches is tried in turn until one works, or none at all when none matches.
 */
export async function pullAsKubelet(cri: CriClient, pull: Pull): Promise<Outcome> {
  const credentials = credentialsFor(pull)
  if (credentials === 'malformed')
    return {
      status: 'failed',
      classes: ['SECRET'],
      texts: ['a pull secret is malformed'],
    }
  const texts: string[] = []
  for (const credential of credentials.length > 0 ? credentials : [null]) {
    const signal = AbortSignal.timeout(PULL_TIMEOUT_MS)
    const answer = await cri.pullImage(pull.image, credential, signal)
    if (answer.status === 'pulled') return { status: 'pulled' }
    texts.push(answer.text)
  }
  return { status: 'failed', classes: texts.map(classify), texts }
}

function credentialsFor(pull: Pull): Credential[] | 'malformed' {
  const repository = repositoryOf(pull.image)
  // The name is read before the secrets, and containerd refuses it as the kubelet does.
  if (repository === null) return []
  if (pull.hasUnreadableSecret) return 'malformed'
  try {
    return createKeyring(pull.dockerConfigs).lookup(repository).credentials
  } catch (error) {
    if (error instanceof PullSecretMalformed) return 'malformed'
    throw error
  }
}

function repositoryOf(image: string): string | null {
  try {
    const { registry, repository } = parseReference(image)
    return `${registry}/${repository}`
  } catch (error) {
    if (error instanceof InvalidImageName) return null
    throw error
  }
}

import type { Action } from '../policy/action.ts'
import type { CauseCode } from '../prediction/causes.ts'

/** One manifest of the demo and the verdict that it must get. */
export interface DemoScenario {
  /** File in examples/demo. */
  file: string
  title: string
  action: Action
  cause: CauseCode | null
}

/** What the demo applies, in this order. */
export const demoScenarios: readonly DemoScenario[] = [
  { file: '01-good.yaml', title: 'a public image', action: 'allow', cause: null },
  {
    file: '02-good-with-secret.yaml',
    title: 'a private image with the right secret',
    action: 'allow',
    cause: null,
  },
  {
    file: '03-mistyped-tag.yaml',
    title: 'a mistyped tag',
    action: 'deny',
    cause: 'ImageNotFound',
  },
  {
    file: '04-missing-repository.yaml',
    title: 'a repository that does not exist',
    action: 'deny',
    cause: 'RepositoryNotFound',
  },
  {
    file: '05-private-without-secret.yaml',
    title: 'a private image without a secret',
    action: 'deny',
    cause: 'CredentialsRequired',
  },
  {
    file: '06-wrong-password.yaml',
    title: 'a secret whose password was changed',
    action: 'deny',
    cause: 'CredentialsRejected',
  },
  {
    file: '07-secret-in-wrong-namespace.yaml',
    title: 'a secret that is in another namespace',
    action: 'deny',
    cause: 'CredentialsRequired',
  },
  {
    file: '08-wrong-platform.yaml',
    title: 'an image for another platform',
    action: 'deny',
    cause: 'PlatformMismatch',
  },
  {
    file: '09-rate-limited.yaml',
    title: 'a registry that limits our requests',
    action: 'warn',
    cause: 'RateLimited',
  },
]

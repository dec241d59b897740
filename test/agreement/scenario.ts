import type { Action } from '../../src/policy/action.ts'
import type { CauseCode } from '../../src/prediction/causes.ts'
import type { ImageSpec } from './image-content.ts'
import type { Step } from './misbehaving-registry.ts'

/** Why a pull failed, as far as a runtime's text tells. */
export type FailureClass =
  | 'NAME'
  | 'SECRET'
  | 'NOT_FOUND'
  /** A plain 401, which has many reasons. */
  | 'UNAUTHORIZED'
  | 'NO_CREDENTIALS'
  | 'BAD_CREDENTIALS'
  | 'DENIED'
  | 'FORBIDDEN'
  | 'RATE_LIMITED'
  | 'SERVER_ERROR'
  | 'TOKEN'
  | 'NETWORK'
  | 'TLS'
  | 'PLATFORM'
  | 'MEDIATYPE'
  | 'DIGEST'
  | 'STATUS'

export type Judged = 'pulls' | FailureClass

/** `deny ImageNotFound`, or `allow` alone. */
export type Verdict = 'allow' | `${Exclude<Action, 'allow'>} ${CauseCode}`

export type TlsKind =
  'trusted' | 'unknown-authority' | 'other-name' | 'expired' | 'not-yet-valid'

export interface ScriptedHost {
  steps?: readonly Step[]
  /** What the tag holds; null for nothing; default a good image for the registry's host, nothing for the others. */
  holds?: ImageSpec | null
  tls?: TlsKind
}

/** One secret of the Pod, in the order of its list. `{host}` in keys becomes the registry. */
export type Secret =
  | { auths: Readonly<Record<string, unknown>> }
  /** The docker config as a whole. */
  | { config: unknown }
  /** The text under .dockerconfigjson. */
  | { text: string }
  | { type: string; config: unknown }
  | 'missing'

/** One row of the table: what the registry is like, what is pulled, what the judge says and what we say. */
export interface Scenario {
  name: string
  /** Row of the failure catalogue (pull-semantics 7); null for pulls that work and rows that it lacks. */
  row: number | null
  /** Default `{host}/team/app:1.0`. `{digest}` is the digest of what the tag holds. */
  image?: string
  /** The tag of the content; default 1.0. */
  tag?: string
  secrets?: readonly Secret[]
  /** The registry's own host: shorthand for `hosts.registry`. */
  registry?: readonly Step[]
  holds?: ImageSpec | null
  tls?: TlsKind
  /** More hosts: mirrors, token services, CDNs. */
  hosts?: Readonly<Record<string, ScriptedHost>>
  /** A real docker-registry instead of a script. */
  real?: { guise: 'open' | 'basic' | 'token'; holds?: ImageSpec | null; public?: boolean }
  /** The hosts.toml of the registry, with `{registry}` and other hosts' URLs to fill in, `{address}` and `{ca}`; null for none. */
  hostsToml?: string | null
  /** The folder of hosts.toml; default `{host}`. */
  hostsFolder?: string
  /** The registry of the image is docker.io. */
  hub?: boolean
  /** What the runtime does: pulls, or the class of its failure. */
  judge: Judged
  /** What Pullgate says. */
  verdict: Verdict
  /** Where a version of containerd does otherwise. */
  differs?: Readonly<
    Partial<Record<'1.6' | '2.x', { judge?: Judged; verdict?: Verdict; why: string }>>
  >
  /** Why Pullgate says nothing to a failure. */
  gap?: string
  /** Whether `skopeo inspect` shall be asked, too. */
  skopeo?: boolean
}

export interface Theme {
  title: string
  scenarios: readonly Scenario[]
}

export const userAlice = { username: 'alice', password: 'wonderland' }
export const users = { alice: 'wonderland', bob: 'builder' }

/** A secret with one key. */
export function secret(
  username = 'alice',
  password = 'wonderland',
  key = '{host}',
): Secret {
  return { auths: { [key]: { username, password } } }
}

/** The rows that the failure catalogue marks as predictable ("yes"); "partly" and "no" are not among them. */
const PREDICTABLE_ROWS: ReadonlySet<number> = new Set([
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 19, 20, 21, 22, 23, 24, 25, 26, 28,
  29, 30, 31, 32, 33, 34, 35, 36, 53, 54, 55, 57, 58, 60, 61, 65, 66, 67, 71, 78, 82, 84,
])

/** Whether the catalogue marks the failure of this scenario as one that can be predicted. */
export function isPredictable({ row }: Scenario): boolean {
  return row !== null && PREDICTABLE_ROWS.has(row)
}

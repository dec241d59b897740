/** A user name and password (or token) that would be sent to a registry. Never printed, logged or put into an error. */
export interface Credential {
  username: string
  password: string
}

/** Where a credential comes from, in words that may be shown: the name of a secret and a key, never a value. */
export interface CredentialOrigin {
  kind: 'pull-secret' | 'node-config' | 'credential-provider'
  /** `namespace/name` of the secret, the file, or the provider's name. */
  source: string
  /** The key of `auths` as it is written there, such as `https://index.docker.io/v1/`. */
  key: string
}

/** One credential that the kubelet would try for an image. */
export interface KeyringMatch {
  credential: Credential
  origin: CredentialOrigin
}

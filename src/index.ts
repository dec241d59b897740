/**
 * The public library: what the webhook is made of, for programs of your own.
 * @module
 */
export { parseReference } from './reference/parse-reference.ts'
export { InvalidImageName } from './reference/invalid-image-name.ts'
export type { ImageReference } from './reference/image-reference.ts'
export { createKeyring } from './credentials/keyring.ts'
export type { KeyringLookup } from './credentials/keyring.ts'
export { PullSecretMalformed } from './credentials/pull-secret-malformed.ts'
export { createRegistryClient } from './registry/create-registry-client.ts'
export type { RegistryClientOptions } from './registry/create-registry-client.ts'
export type { LookupRequest, LookupResult, RegistryClient } from './registry/lookup.ts'
export { predict } from './engine/predict.ts'
export type { PredictOptions } from './engine/predict.ts'
export type { ImagePrediction } from './prediction/prediction.ts'
export type { Finding } from './prediction/finding.ts'
export { causes } from './prediction/causes.ts'

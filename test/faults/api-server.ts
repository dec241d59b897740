import type { ReviewClientOptions } from '../support/webhook.ts'

/** What every API server allows unless its webhook configuration says otherwise, and how it counts. */
export const apiServer: ReviewClientOptions = { timeoutSeconds: 10, isStrict: true }

/** Of the servers, two seconds less than by default: a machine that is busy with other things too has four before an answer is lost. */
export const DEADLINE = '6s'

import type { ReviewClientOptions } from '../support/webhook.ts'

/** What every API server allows unless its webhook configuration says otherwise, and how it counts. */
export const apiServer: ReviewClientOptions = { timeoutSeconds: 10, isStrict: true }

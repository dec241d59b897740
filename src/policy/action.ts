/** What is done about a finding, an image or a whole object. */
export type Action = 'allow' | 'warn' | 'deny'

/**
 * `enforce` refuses; `warn` lets everything through and says in warnings what would be refused; `audit` lets everything
 * through in silence and only logs and counts; `off` does not look at all.
 */
export type Mode = 'enforce' | 'warn' | 'audit' | 'off'

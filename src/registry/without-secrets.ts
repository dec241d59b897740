const MASK = '***'
/** Shorter ones would be found in ordinary words. */
const MIN_SECRET_CHARACTERS = 6
/** So much of its beginning shows a secret that was cut. */
const HEAD_CHARACTERS = 12

/**
 * A text from outside without what we sent there, since a registry may quote a request in its error: each occurrence of a
 * secret, of its percent-encoding, or of a long beginning of one becomes `***`. Secrets of fewer than six characters are left.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret.toWellFormed()),
  ])
  return [...new Set(forms)]
    .filter(({ length }) => length >= MIN_SECRET_CHARACTERS)
    .toSorted((a, b) => b.length - a.length)
    .reduce(withoutSecret, text)
}

function withoutSecret(text: string, secret: string): string {
  const head = secret.slice(0, HEAD_CHARACTERS)
  let rest = text
  let shown = ''
  for (let at = rest.indexOf(head); at >= 0; at = rest.indexOf(head)) {
    let end = at + head.length
    while (end < rest.length && rest[end] === secret[end - at]) end++
    shown += rest.slice(0, at) + MASK
    rest = rest.slice(end)
  }
  return shown + rest
}

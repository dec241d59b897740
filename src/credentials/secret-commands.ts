import { printable } from '../text/printable.ts'

export interface SecretCommand {
  namespace: string
  name: string
  /** The key that will match; see `requiredKey`. */
  server: string
  /** Replace a Secret of that name, with all that it holds, instead of making a new one. */
  renew?: boolean
}

export interface ServiceAccountCommand {
  namespace: string
  serviceAccount: string
  secret: string
  /** What the service account lists already: a patch replaces the whole list (it is atomic), so these are kept. */
  existing?: readonly string[]
}

/** A line to paste: makes (or renews) a pull secret. The user fills in what is written as `...`; no value is ever put there. */
export function createSecretCommand(command: SecretCommand): string {
  const { namespace, name, server, renew = false } = command
  const create = [
    `kubectl -n ${shellQuote(namespace)} create secret docker-registry ${shellQuote(name)}`,
    `--docker-server=${shellQuote(server)} --docker-username=... --docker-password=...`,
  ].join(' ')
  return renew ? `${create} --dry-run=client -o yaml | kubectl apply -f -` : create
}

/** A line to paste: lets every Pod of a service account that names no pull secret of its own use this one. */
export function patchServiceAccountCommand(command: ServiceAccountCommand): string {
  const { namespace, serviceAccount, secret, existing = [] } = command
  const names = [...new Set([...existing, secret])]
  const patch = JSON.stringify({ imagePullSecrets: names.map((name) => ({ name })) })
  return `kubectl -n ${shellQuote(namespace)} patch serviceaccount ${shellQuote(serviceAccount)} -p ${shellQuote(patch)}`
}

/** One word for a POSIX shell. Left alone where nothing is special; never empty, never with a control character. */
export function shellQuote(text: string): string {
  const word = printable(text, 1_000)
  if (/^[A-Za-z0-9_./:@%+=,][A-Za-z0-9_./:@%+=,-]*$/.test(word)) return word
  return `'${word.replaceAll("'", `'\\''`)}'`
}

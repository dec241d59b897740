import { printable } from '../text/printable.ts'

const MAX_LENGTH = 120

/**
 * A key of `auths` as it may be shown: on one line, and without what people put into addresses by mistake: a user name and
 * password before `@`, and what follows `?` or `#`. The kubelet drops these as well (pull-semantics 3.3).
 */
export function shownKey(key: string): string {
  const [, scheme = '', rest = ''] = /^([a-z]*:\/\/)?(.*)$/is.exec(key) ?? []
  const address = rest.replace(/[?#].*$/s, '…')
  const slash = address.indexOf('/')
  const authority = slash < 0 ? address : address.slice(0, slash)
  const path = slash < 0 ? '' : address.slice(slash)
  const at = authority.lastIndexOf('@')
  const host = at < 0 ? authority : `…${authority.slice(at)}`
  return printable(`${scheme}${host}${path}`, MAX_LENGTH)
}

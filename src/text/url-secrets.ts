const MASK = '***'

/** Where a URL ends in a sentence or in what a program prints. */
const AROUND_URLS = /([\s"'`<>]+)/

/** What a remote kustomization or git asks for, and no secret; the value of everything else may be one. */
const HARMLESS = new Set(['ref', 'version', 'timeout', 'submodules', 'depth', 'service'])

// A sentence may go on behind it.
const PARAMETER = /([?&;#])([^=?&;#]+)=([^&;#]*[^&;#:,.)])/g

/** One slash where a URL was taken for a path. */
const SCHEME_END = /(:\/\/?)/

/** A text with its URLs, without their userinfo and without the values of parameters that may be secret. */
export function withoutUrlSecrets(text: string): string {
  if (!SCHEME_END.test(text)) return text
  return text
    .split(AROUND_URLS)
    .map((word) => (SCHEME_END.test(word) ? shownUrl(word) : word))
    .join('')
}

/** One URL, or whatever was given in its place, as it may be shown. */
export function shownUrl(url: string): string {
  return piecesOf(url)
    .map(({ text, userinfo }) =>
      userinfo === '' || userinfo === ACCOUNT_OF_ALL
        ? text
        : MASK + text.slice(userinfo.length),
    )
    .join('')
    .replaceAll(PARAMETER, (whole, mark: string, name: string) =>
      isHarmless(name) ? whole : `${mark}${name}=${MASK}`,
    )
}

/** The secret parts of a URL as a program may say them again: as they are, and percent-decoded. */
export function secretsOfUrl(url: string): string[] {
  const userinfos = piecesOf(url).flatMap(({ userinfo }) => [
    userinfo,
    userinfo.split('@', 1)[0] ?? '',
  ])
  const parts = userinfos.flatMap((userinfo) => {
    const [user = '', ...password] = userinfo.split(':')
    return [userinfo, user, password.join(':')]
  })
  const values = [...url.matchAll(PARAMETER)].flatMap(([, , name = '', value = '']) =>
    isHarmless(name) ? [] : value,
  )
  const all = [...parts, ...values].flatMap((part) => [part, decoded(part)])
  return [...new Set(all)].filter((part) => part !== '')
}

/** How everyone logs in with a key; no token is called so. */
const ACCOUNT_OF_ALL = 'git'

function isHarmless(name: string): boolean {
  return HARMLESS.has(name.toLowerCase())
}

interface Piece {
  text: string
  userinfo: string
}

/** The scheme, then all else of a URL, or of several where one stands before another; what ends a scheme is a piece too. */
function piecesOf(url: string): Piece[] {
  return url.split(SCHEME_END).map((text, index) => {
    // Without a scheme, `bob:password@host/x`; not `git@host:x`, and no folder with an @ in its name.
    const isUrl = index > 0 || /^[^/@]*:[^/@]*@/.test(text)
    return { text, userinfo: isUrl ? userinfoOf(text) : '' }
  })
}

/**
 * All before the last @, if the authority has one, or is none: a password with a slash in it that nobody encoded must not show.
 * Rather too much than too little of a URL is taken for it.
 */
function userinfoOf(text: string): string {
  const [authority = ''] = text.split(/[/?#]/, 1)
  const isBroken = /:(?!\d*$)/.test(authority) && !authority.startsWith('[')
  if (!authority.includes('@') && !isBroken) return ''
  return text.slice(0, Math.max(text.lastIndexOf('@'), 0))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

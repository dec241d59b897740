/** User name -> password and the repositories that the user may pull. */
export type DemoUsers = Record<
  string,
  { password: string; repositories: 'all' | string[] }
>

export interface BasicCredential {
  username: string
  password: string
}

/** RFC 7617; null when the header is absent, of another scheme or malformed. */
export function parseBasic(header: string | undefined): BasicCredential | null {
  const encoded = /^basic +(\S+)$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return null
  const [username, ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  if (username === undefined || rest.length === 0) return null
  return { username, password: rest.join(':') }
}

export function isUser(users: DemoUsers, { username, password }: BasicCredential) {
  return Object.hasOwn(users, username) && users[username]?.password === password
}

export function mayPull(users: DemoUsers, username: string, repository: string): boolean {
  const allowed = users[username]?.repositories
  return allowed === 'all' || (allowed?.includes(repository) ?? false)
}

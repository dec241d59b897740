/** The code of an error of Node, such as ENOENT; null where it has none. Unlike the message it quotes nothing. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : null
}

import { errorCode } from './error-code.ts'

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'it is not a directory',
  EROFS: 'the file system is read-only',
  EFBIG: 'it is too large',
  ENOSPC: 'no space is left',
  ENXIO: 'nobody is at the other end of it',
  EADDRINUSE: 'another process listens there already',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name could not be resolved just now',
}

/** What a file or a socket refuses, in a few words that quote nothing; the code where there are none. */
export function systemTrouble(error: unknown): string {
  const code = errorCode(error)
  return code === null ? 'unknown error' : (WORDS[code] ?? code)
}

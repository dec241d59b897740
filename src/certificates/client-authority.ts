import { readFile } from 'node:fs/promises'
import { errorCode } from '../text/error-code.ts'
import { expired, isWhole, splitBundle } from './pem-bundle.ts'

/** The authorities that a client's certificate has to come from, or why there are none, in words that name the file. */
export type ClientAuthorityReading =
  { status: 'usable'; pem: string } | { status: 'unusable'; reason: string }

/** Reads `--client-ca`: PEM certificates, one of which at least holds at `nowMs`. Never rejects. */
export async function readClientAuthority(
  file: string,
  nowMs: number,
): Promise<ClientAuthorityReading> {
  let pem: string
  try {
    pem = await readFile(file, 'utf8')
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error'
    return unusable(`the client authority ${file} cannot be read: ${code}`)
  }
  const authorities = splitBundle(pem)
  if (authorities.length === 0) return unusable(`${file} holds no PEM certificate`)
  if (!isWhole(pem)) return unusable(`a certificate in ${file} is cut off or broken`)
  if (authorities.every((ca) => expired(ca, nowMs)))
    return unusable(`every certificate in ${file} is expired`)
  return { status: 'usable', pem }
}

function unusable(reason: string): ClientAuthorityReading {
  return { status: 'unusable', reason }
}

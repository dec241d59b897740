import { isFields } from '../json/fields.ts'
import { printable } from '../text/printable.ts'
import type { RegistryErrorEntry } from './lookup.ts'
import { listField, parseUntrustedObject, textField } from './untrusted-json.ts'

const MAX_ENTRIES = 10
const MAX_CODE_CHARACTERS = 64
const MAX_MESSAGE_CHARACTERS = 200

/**
 * The entries of a registry's error body (distribution spec, "Error Codes"), cleaned and cut. Empty when the body is
 * anything else.
 */
export function parseRegistryErrors(body: Buffer): RegistryErrorEntry[] {
  if (body.length === 0) return []
  const document = parseUntrustedObject(body)
  if (document === null) return []
  return listField(document, 'errors')
    .slice(0, MAX_ENTRIES)
    .filter(isFields)
    .map((entry) => ({
      code: printable(textField(entry, 'code') ?? '', MAX_CODE_CHARACTERS),
      message: printable(textField(entry, 'message') ?? '', MAX_MESSAGE_CHARACTERS),
    }))
    .filter(({ code, message }) => code !== '' || message !== '')
}

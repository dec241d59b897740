import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import process from 'node:process'
import { createSelfSigned, standaloneHosts } from '../src/certificates/self-signed.ts'

/** Long enough for a piece of work, too short to be forgotten somewhere. */
const VALID_DAYS = 30

const hosts = [...new Set([...standaloneHosts, ...process.argv.slice(2)])]
const made = await createSelfSigned({ hosts, nowMs: Date.now(), validDays: VALID_DAYS })
const path = (name: string): string => join(import.meta.dirname, name)
await writeFile(path('ca.pem'), made.ca)
await writeFile(path('tls.pem'), made.cert)
await writeFile(path('tls.key'), made.key, { mode: 0o600 })

const shown = (name: string): string => relative(process.cwd(), path(name))
process.stdout
  .write(`Made for ${hosts.join(', ')}, until ${new Date(made.notAfterMs).toISOString()}:
  ${shown('ca.pem')}    what clients trust; base64 of it is a webhook's caBundle
  ${shown('tls.pem')}   npm start -- --tls-cert ${shown('tls.pem')} --tls-key ${shown('tls.key')}
  ${shown('tls.key')}
`)

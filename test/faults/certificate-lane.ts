import { writeFile } from 'node:fs/promises'
import { connect } from 'node:tls'
import { createLeaf } from '../../src/certificates/self-signed.ts'
import type { Authority, SelfSigned } from '../../src/certificates/self-signed.ts'
import type { Lane } from './lane.ts'
import type { Subject } from './subject.ts'

export interface ServingFiles {
  cert: string
  key: string
}

/** Longer than the interval in which the server looks at the files. */
const HOLD_MS = 11_000

export async function writePair(
  files: ServingFiles,
  { cert, key }: Pick<SelfSigned, 'cert' | 'key'>,
): Promise<void> {
  await writeFile(files.cert, cert)
  await writeFile(files.key, key, { mode: 0o600 })
}

export interface CertificateLaneOptions {
  files: ServingFiles
  authority: Authority
  url: string
  subjects: readonly Subject[]
}

/** The serving certificate is broken on the disk, then renewed. Neither may be felt. */
export async function certificateLane(options: CertificateLaneOptions): Promise<Lane> {
  const { files, authority, url, subjects } = options
  const leaf = (): Promise<SelfSigned> =>
    createLeaf(authority, { hosts: ['127.0.0.1'], nowMs: Date.now(), validDays: 1 })
  const [next, last, other] = [await leaf(), await leaf(), await leaf()]
  const fault = (name: string, broken: ServingFiles, renewed: SelfSigned) => ({
    name,
    silent: true,
    holdMs: HOLD_MS,
    inject: () => writePair(files, broken),
    heal: () => writePair(files, renewed),
    recovered: async () => (await presented(url, authority.ca)) === renewed.cert.trim(),
  })
  const faults = [
    fault(
      'serving certificate and key do not belong together',
      { cert: next.cert, key: other.key },
      next,
    ),
    fault(
      'serving certificate is half written',
      { cert: last.cert.slice(0, 200), key: last.key },
      last,
    ),
  ]
  return { name: 'serving certificate', subjects, faults, fault: null }
}

/** PEM of what a new connection is shown. */
function presented(url: string, ca: string): Promise<string> {
  const port = Number(new URL(url).port)
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca }, () => {
      const pem = socket.getPeerX509Certificate()?.toString() ?? ''
      socket.destroy()
      resolve(pem.trim())
    })
    socket.once('error', reject)
  })
}

import { createSocket } from 'node:dgram'
import type { Teardown } from '../support/token-server.ts'

/** `metadata`: every name is at 169.254.169.254, where no request may go. */
export type ResolverState =
  'well' | 'nxdomain' | 'servfail' | 'silent' | 'garbage' | 'metadata'

export interface Resolver {
  /** Port 53, the only one that resolv.conf can name. */
  address: string
  state: ResolverState
  questions: number
}

/** Of this network alone: nothing outside of the machine is asked or answered. */
const ADDRESS = '127.77.0.53'
const HEADER_BYTES = 12
const RCODES = { nxdomain: 3, servfail: 2 } as const
const TYPE_A = 1

/** A DNS server (RFC 1035) that knows some names, all at 127.0.0.1. */
export async function startResolver(
  t: Teardown,
  names: readonly string[],
): Promise<Resolver> {
  const resolver: Resolver = { address: ADDRESS, state: 'well', questions: 0 }
  const socket = createSocket('udp4')
  socket.on('message', (question, { port, address }) => {
    resolver.questions += 1
    const answer = answerTo(question, resolver.state, names)
    if (answer !== null) socket.send(answer, port, address)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(53, ADDRESS, resolve)
  })
  t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())))
  return resolver
}

function answerTo(
  question: Buffer,
  state: ResolverState,
  names: readonly string[],
): Buffer | null {
  if (state === 'silent') return null
  if (state === 'garbage') return Buffer.from('not an answer')
  const { name, end } = readName(question)
  const asked = question.subarray(HEADER_BYTES, end + 4)
  if (state !== 'well' && state !== 'metadata')
    return Buffer.concat([header(question, RCODES[state], 0), asked])
  if (!names.includes(name))
    return Buffer.concat([header(question, RCODES.nxdomain, 0), asked])
  if (question.readUInt16BE(end) !== TYPE_A)
    return Buffer.concat([header(question, 0, 0), asked])
  const address = state === 'metadata' ? [169, 254, 169, 254] : [127, 0, 0, 1]
  // A pointer to the name, type A, class IN, a life of no second, four bytes.
  const record = [0xc0, HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address]
  return Buffer.concat([header(question, 0, 1), asked, Buffer.from(record)])
}

function header(question: Buffer, rcode: number, answers: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  question.copy(bytes, 0, 0, 2)
  // An answer, recursion asked for and available.
  bytes.writeUInt16BE(0x8180 + rcode, 2)
  bytes.writeUInt16BE(1, 4)
  bytes.writeUInt16BE(answers, 6)
  return bytes
}

/** Labels behind the header, each with its length before it. */
function readName(question: Buffer): { name: string; end: number } {
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}

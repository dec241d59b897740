import { connect as connectHttp2, constants } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Credential } from '../../src/credentials/credential.ts'

/** What a container runtime answered to one PullImage. `code` is the number of the gRPC status. */
export type PullAnswer =
  | { status: 'pulled'; imageRef: string }
  | { status: 'failed'; code: number; text: string }

/** The part of the container runtime interface that pulls: https://github.com/kubernetes/cri-api, package runtime.v1. */
export interface CriClient {
  /** `image` as the kubelet sends it; null for no credential at all. Rejects only when the runtime cannot be talked to. */
  pullImage(
    image: string,
    credential: Credential | null,
    signal: AbortSignal,
  ): Promise<PullAnswer>
  close(): void
}

const PULL_IMAGE = '/runtime.v1.ImageService/PullImage'
/** Of gRPC: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const CANCELLED = 1

/** Speaks gRPC over the runtime's unix socket. */
export function connectCri(socket: string): CriClient {
  const session = connectHttp2('http://localhost', {
    createConnection: () => connect(socket),
  })
  // Each request rejects with it, too.
  session.on('error', () => {})
  return {
    async pullImage(image, credential, signal) {
      const { message, code, text } = await unary(
        session,
        PULL_IMAGE,
        encodePullImage(image, credential),
        signal,
      )
      if (code !== 0) return { status: 'failed', code, text }
      return { status: 'pulled', imageRef: readFirstString(message) }
    },
    close: () => session.destroy(),
  }
}

interface GrpcAnswer {
  message: Buffer
  code: number
  text: string
}

const ended: GrpcAnswer = {
  message: Buffer.alloc(0),
  code: CANCELLED,
  text: 'ended by the suite',
}

async function unary(
  session: ClientHttp2Session,
  path: string,
  message: Buffer,
  signal: AbortSignal,
): Promise<GrpcAnswer> {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL)
  signal.addEventListener('abort', cancel, { once: true })
  const status = readStatus(stream)
  stream.end(frame(message))
  try {
    const body = await buffer(stream)
    if (signal.aborted) return ended
    return { message: body.subarray(5), ...(await status) }
  } catch (error) {
    if (signal.aborted) return ended
    throw error
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** The status stands in the trailers; an answer without a message has it in its only headers. */
function readStatus(stream: ClientHttp2Stream): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    const look = (headers: Record<string, unknown>): void => {
      const code = headers['grpc-status']
      if (code === undefined) return
      const text = headers['grpc-message']
      resolve({
        code: Number(code),
        text: decodeURIComponent(typeof text === 'string' ? text : ''),
      })
    }
    stream.on('response', look)
    stream.on('trailers', look)
    stream.on('close', () => resolve({ code: 2, text: 'the stream ended early' }))
  })
}

/** A gRPC message: not compressed, its length, itself. */
function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** PullImageRequest: image = 1 (ImageSpec: image = 1), auth = 2 (AuthConfig: username = 1, password = 2). */
function encodePullImage(image: string, credential: Credential | null): Buffer {
  const spec = field(1, field(1, image))
  if (credential === null) return spec
  const { username, password } = credential
  return Buffer.concat([spec, field(2, field(1, username), field(2, password))])
}

/** One length-delimited field of protobuf's wire format. */
function field(number: number, ...parts: (string | Buffer)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part as string)))
  return Buffer.concat([Buffer.from([number * 8 + 2]), varint(content.length), content])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) + 128)
  }
}

/** PullImageResponse: image_ref = 1, which is shorter than 128 bytes. */
function readFirstString(message: Buffer): string {
  return message.subarray(2, 2 + (message[1] ?? 0)).toString()
}

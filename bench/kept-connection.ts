import { connect } from 'node:tls'

export interface KeptConnection {
  /** Sends the bytes of a whole request; the answer, head and body. One at a time. */
  ask(request: Buffer): Promise<string>
  close(): void
}

const END_OF_HEAD = '\r\n\r\n'

/**
 * A kept TLS connection that does hardly more than write and count bytes: a client that costs as much as the server would measure
 * itself. Rejects an answer whose status is not 200, or that ends early.
 */
export async function connectTo(options: {
  port: number
  ca: string
}): Promise<KeptConnection> {
  const socket = connect({ host: '127.0.0.1', ...options, ALPNProtocols: ['http/1.1'] })
  socket.setNoDelay(true)
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve).once('error', reject)
  })
  socket.setEncoding('latin1')
  let waiting: PromiseWithResolvers<string> | null = null
  let seen = ''
  socket.on('data', (chunk: string) => {
    seen += chunk
    if (!isWhole(seen)) return
    const [answer, asked] = [seen, waiting]
    seen = ''
    waiting = null
    if (answer.startsWith('HTTP/1.1 200 ')) asked?.resolve(answer)
    else asked?.reject(new Error(answer))
  })
  const end = (): void => waiting?.reject(new Error(`the connection ended: ${seen}`))
  socket.on('error', end).on('close', end)
  return {
    ask(request) {
      waiting = Promise.withResolvers<string>()
      const { promise } = waiting
      socket.write(request)
      return promise
    },
    close: () => socket.destroy(),
  }
}

function isWhole(answer: string): boolean {
  const headEnds = answer.indexOf(END_OF_HEAD)
  if (headEnds === -1) return false
  const length = /^content-length: *(\d+)/im.exec(answer.slice(0, headEnds))?.[1]
  if (length === undefined) throw new Error(`no content-length: ${answer}`)
  return answer.length >= headEnds + END_OF_HEAD.length + Number(length)
}

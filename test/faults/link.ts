import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Teardown } from '../support/token-server.ts'

/**
 * What a link does to TCP. `down`: the port refuses and what was open is reset, as when a process is killed. `silent`: connections are
 * taken and nothing ever comes back. `drip`: answers come a byte at a time. `reset`: a request is answered by RST. `cut`: RST in the
 * middle of the answer. `half-closed`: a request is answered by FIN.
 */
export type LinkState =
  'well' | 'down' | 'silent' | 'drip' | 'reset' | 'cut' | 'half-closed'

export interface Link {
  port: number
  /** Connections of the state before are ended; their requests are lost on the way. */
  set(state: LinkState): Promise<void>
  /** Resets what is open, and takes new connections at once. */
  drop(): void
}

const DRIP_MS = 250
/** Less than the head of any answer. */
const CUT_AFTER_BYTES = 20

/** A TCP link to a port of this machine that can be made to fail, and to work again on the same port. */
export async function startLink(t: Teardown, targetPort: number): Promise<Link> {
  let state: LinkState = 'well'
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const target = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true })
    for (const socket of [client, target]) {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
    }
    // Whichever ends first takes the other with it.
    client.on('error', () => target.destroy()).once('close', () => target.destroy())
    target.on('error', () => client.destroy()).once('close', () => client.end())
    client.on('data', (chunk: Buffer) => forward(state, client, target, chunk))
    target.on('data', (chunk: Buffer) => bringBack(state, client, chunk))
    client.on('end', () => target.end())
    target.on('end', () => client.end())
  })
  await listen(server, 0)
  const { port } = server.address() as AddressInfo

  function drop(): void {
    for (const socket of open) reset(socket)
  }

  async function close(): Promise<void> {
    if (!server.listening) return
    const closed = new Promise((resolve) => server.close(resolve))
    drop()
    await closed
  }

  t.teardown(close)
  return {
    port,
    drop,
    async set(next) {
      state = next
      drop()
      if (next === 'down') await close()
      else if (!server.listening) await listen(server, port)
    },
  }
}

function forward(state: LinkState, client: Socket, target: Socket, chunk: Buffer): void {
  if (state === 'silent') return
  if (state === 'reset') reset(client)
  else if (state === 'half-closed') client.end()
  else target.write(chunk)
}

function bringBack(state: LinkState, client: Socket, chunk: Buffer): void {
  if (state === 'silent') return
  if (state === 'drip') drip(client, chunk)
  else if (state === 'cut') {
    client.write(chunk.subarray(0, CUT_AFTER_BYTES), () => reset(client))
  } else client.write(chunk)
}

/** RST, but where a FIN is on its way: libuv refuses that, and Node then waits for the socket for ever as it exits. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

/** Ends with the connection. */
function drip(client: Socket, chunk: Buffer): void {
  let sent = 0
  const timer = setInterval(() => {
    if (client.destroyed || sent >= chunk.length) return clearInterval(timer)
    client.write(chunk.subarray(sent, sent + 1))
    sent += 1
  }, DRIP_MS)
  client.once('close', () => clearInterval(timer))
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'

/** What one connection is doing. */
interface Connection {
  socket: Socket
  key: string
  /** Requests under way; more than one only where a client pipelines. */
  underWay: number
}

/**
 * Go's client, so the API server, never sends a request before the last one is answered. Whoever does may have so many under
 * way, since the parser takes all that arrives at once.
 */
const MAX_PIPELINED = 8

/**
 * Keeps a server at `max` connections without ever being full: for a new one, the least useful other is closed. Those that
 * have had no answer yet (a handshake that does not end, a head that drips) go first, oldest first, where they are the many;
 * else the one whose last answer is the longest ago. So whoever only holds connections open loses them to whoever uses them.
 * A connection with a request under way is never closed for another: where all have one, the new one is refused.
 */
export function boundConnections(server: Server | TlsServer, max: number): void {
  const open = new Map<string, Connection>()
  /** In the order of their coming, and of their last answers. */
  const fresh = new Set<Connection>()
  const idle = new Set<Connection>()

  /** Null when every connection has a request under way. */
  function leastUseful(): Connection | null {
    const [first] = fresh.size > idle.size ? fresh : idle
    const [other] = fresh
    return first ?? other ?? null
  }

  function close(connection: Connection): void {
    forget(connection)
    connection.socket.destroy()
  }

  function forget(connection: Connection): void {
    fresh.delete(connection)
    idle.delete(connection)
    if (isOpen(connection)) open.delete(connection.key)
  }

  function isOpen(connection: Connection): boolean {
    return open.get(connection.key) === connection
  }

  server.on('connection', (socket: Socket) => {
    const connection: Connection = { socket, key: keyOf(socket), underWay: 0 }
    if (open.size >= max) close(leastUseful() ?? connection)
    if (socket.destroyed) return
    open.set(connection.key, connection)
    fresh.add(connection)
    socket.once('close', () => forget(connection))
  })

  server.prependListener(
    'request',
    ({ socket }: IncomingMessage, response: ServerResponse) => {
      // Under TLS it is another object than the one that was accepted.
      const connection = open.get(keyOf(socket))
      if (connection === undefined) return
      fresh.delete(connection)
      idle.delete(connection)
      connection.underWay++
      if (connection.underWay > MAX_PIPELINED) {
        close(connection)
        socket.destroy()
        return
      }
      response.once('close', () => {
        connection.underWay--
        if (connection.underWay === 0 && isOpen(connection)) idle.add(connection)
      })
    },
  )
}

/** Distinct among the connections that a server has open. */
export function keyOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}

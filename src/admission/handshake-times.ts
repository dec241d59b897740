import type { Server } from 'node:https'
import type { Socket } from 'node:net'
import { keyOf } from './connection-bound.ts'

/**
 * How many milliseconds the handshake of a connection took, told once, to its first request; 0 to those that follow. A client
 * counts them as part of that request's time. When a hundred connections come at once, each waits for the handshakes of all.
 */
export function timeHandshakes(
  server: Server,
  now: () => number,
): (socket: Socket) => number {
  const acceptedAtMs = new Map<string, number>()
  /** By what TLS makes of the socket that was accepted, which is another object. */
  const tookMs = new WeakMap<Socket, number>()

  server.on('connection', (socket: Socket) => {
    const key = keyOf(socket)
    acceptedAtMs.set(key, now())
    socket.once('close', () => acceptedAtMs.delete(key))
  })
  server.on('secureConnection', (socket) => {
    const key = keyOf(socket)
    const sinceMs = acceptedAtMs.get(key)
    acceptedAtMs.delete(key)
    if (sinceMs !== undefined) tookMs.set(socket, now() - sinceMs)
  })
  return (socket) => {
    const ms = tookMs.get(socket) ?? 0
    tookMs.delete(socket)
    return ms
  }
}

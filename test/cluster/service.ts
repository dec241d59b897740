import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Teardown } from '../support/token-server.ts'

/** What a Service is to the API server: one address, with replicas that come and go behind it. */
export interface LoopbackService {
  port: number
  /** In turn, for each new connection; none refuses. Open connections stay where they are. */
  setEndpoints(ports: readonly number[]): void
  /** Ends what is open, so that the next request meets the endpoints of now. */
  cutConnections(): void
}

export async function startService(t: Teardown): Promise<LoopbackService> {
  let endpoints: readonly number[] = []
  let turn = 0
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const port = endpoints[turn++ % Math.max(1, endpoints.length)]
    if (port === undefined) {
      client.resetAndDestroy()
      return
    }
    const replica = connect(port, '127.0.0.1')
    open.add(client)
    client.once('close', () => open.delete(client))
    for (const [from, to] of [
      [client, replica],
      [replica, client],
    ] as const) {
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.once('close', () => to.destroy())
    }
  })
  const cutConnections = (): void => {
    for (const socket of open) socket.destroy()
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  t.teardown(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    cutConnections()
    await closed
  })
  return {
    port: (server.address() as AddressInfo).port,
    setEndpoints: (ports) => void (endpoints = ports),
    cutConnections,
  }
}

import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'

/** Registries that cannot be asked, or answer nothing of use, as a configuration names them. */
export async function startMisbehavingRegistries(test: Test): Promise<object[]> {
  const made = await createSelfSigned({
    hosts: ['127.0.0.1'],
    nowMs: Date.now(),
    validDays: 1,
  })
  const failing = await listen(test, answering(503))
  const untrusted = await listen(test, answering(404), made)
  return [
    { host: 'down.acme.test', endpoint: `http://127.0.0.1:${await closedPort()}` },
    { host: 'broken.acme.test', endpoint: `http://127.0.0.1:${failing}` },
    { host: 'untrusted.acme.test', endpoint: `https://127.0.0.1:${untrusted}` },
    { host: 'plain.acme.test', endpoint: `https://127.0.0.1:${failing}` },
  ]
}

function answering(status: number): RequestListener {
  return (_, response) => void response.writeHead(status).end()
}

async function listen(
  test: Test,
  handler: RequestListener,
  tls?: { key: string; cert: string },
): Promise<number> {
  const server = tls === undefined ? createServer(handler) : createTlsServer(tls, handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  test.teardown(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** Nobody listens there any more. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

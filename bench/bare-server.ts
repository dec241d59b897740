import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import process from 'node:process'

// What a webhook cannot do without: TLS, and the parsing of the body. Usage: bare-server.ts CERT KEY PORT

const [, , cert = '', key = '', port = ''] = process.argv
const answer = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response: { uid: '5f0ebf2b-5c14-4a4a-9f4a-0b7a4d1a1d10', allowed: true },
})

function respond(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString('utf8'))
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': answer.length,
    })
    response.end(answer)
  })
}

const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, respond)
server.listen(Number(port), '127.0.0.1')
// A signal alone ends it without what Node writes at the end, such as a profile.
process.once('SIGTERM', () => process.exit())

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createSelfSigned } from '../../src/certificates/self-signed.ts'
import { startPullgate } from '../support/pullgate-process.ts'

const hook = fileURLToPath(new URL('support/tell-loaded.mjs', import.meta.url))

/** What takes megabytes, and is of no use to a server that has answered for registries and told its metrics. */
const unwanted: [about: string, pattern: RegExp][] = [
  ["Node's own fetch and WebSocket", /NativeModule internal\/deps\/undici/],
  [
    'all of undici',
    /node_modules\/undici\/(?:index\.js|lib\/(?:web\/fetch|mock|cache)\/)/,
  ],
  ['compilers of schemas', /node_modules\/(?:ajv|fast-uri)\//],
  ['the client of Kubernetes, without a cluster', /node_modules\/@kubernetes\//],
  ['the maker of certificates, where there are files', /node_modules\/selfsigned\//],
]

t.test('a server loads nothing large that it does not use', async (t) => {
  const folder = t.testdir({ cluster: {}, 'loaded.txt': '' })
  const names = { hosts: ['127.0.0.1'], nowMs: Date.now(), validDays: 1 }
  const { cert, key } = await createSelfSigned(names)
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
  writeFileSync(certFile, cert)
  writeFileSync(keyFile, key)
  const told = join(folder, 'loaded.txt')
  const env = { NODE_OPTIONS: `--import=${hook}`, TELL_LOADED: told }
  const args = ['serve', '--standalone', join(folder, 'cluster'), '--drain', '0']
  const listen = ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0']
  const tls = ['--tls-cert', certFile, '--tls-key', keyFile]
  const server = startPullgate(t, [...args, ...listen, ...tls], env)
  const line = await server.line(({ msg }) => msg === 'serving')
  await fetch(String(line.metrics))
  server.signal('SIGTERM')
  await server.ended

  const loaded = readFileSync(told, 'utf8')
  t.match(loaded, /node_modules\/undici\/lib\/dispatcher\/agent\.js/, 'it tells')
  for (const [about, pattern] of unwanted) t.notMatch(loaded, pattern, about)
})

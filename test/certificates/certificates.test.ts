import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { join } from 'node:path'
import { test } from 'tap'
import { serverTlsOptions } from '../../src/admission/server-tls.ts'
import {
  createSelfSigned,
  type SelfSigned,
  standaloneHosts,
} from '../../src/certificates/self-signed.ts'
import { createOwnCertificate } from '../../src/certificates/own-certificate.ts'
import { readClientAuthority } from '../../src/certificates/client-authority.ts'
import { readServingCertificate } from '../../src/certificates/serving-certificate.ts'
import { watchCertificate } from '../../src/certificates/watch-certificate.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const nowMs = Date.now()

function make(
  overrides: { nowMs?: number; validDays?: number } = {},
): Promise<SelfSigned> {
  return createSelfSigned({ hosts: standaloneHosts, nowMs, validDays: 30, ...overrides })
}

test('a self-signed certificate', async (t) => {
  const made = await make()
  const leaf = new X509Certificate(made.cert)
  const ca = new X509Certificate(made.ca)

  t.ok(leaf.checkIssued(ca), 'is issued by its CA')
  t.ok(leaf.verify(ca.publicKey), 'is signed by its CA')
  t.notOk(leaf.ca, 'is no CA itself')
  t.ok(ca.ca, 'has a CA that is one')
  for (const name of standaloneHosts.filter((host) => !/[:]|^\d/.test(host)))
    t.equal(leaf.checkHost(name), name, `is for ${name}`)
  t.equal(leaf.checkIP('127.0.0.1'), '127.0.0.1', 'is for an IPv4 address')
  t.equal(leaf.checkIP('::1'), '::1', 'is for an IPv6 address')
  t.equal(leaf.publicKey.asymmetricKeyType, 'ec', 'has an EC key')
  t.ok(leaf.validFromDate.getTime() <= nowMs - HOUR_MS + 1000, 'starts an hour back')
  t.ok(Math.abs(leaf.validToDate.getTime() - made.notAfterMs) < 1000, 'tells its end')
  t.equal(made.notAfterMs, nowMs + 30 * DAY_MS)
  t.match(leaf.signatureAlgorithm, /sha256/i, 'is signed with SHA-256')
})

test('each CA has a name of its own', async (t) => {
  const [first, second] = await Promise.all([make(), make({ nowMs: nowMs + 1 })])

  t.not(new X509Certificate(first.ca).subject, new X509Certificate(second.ca).subject)
})

test('a certificate for nothing is refused', async (t) => {
  await t.rejects(createSelfSigned({ hosts: [], nowMs, validDays: 1 }), RangeError)
})

test('a pair of files is checked before it is served', async (t) => {
  const [good, other, expired, future] = await Promise.all([
    make(),
    make(),
    make({ nowMs: nowMs - 40 * DAY_MS }),
    make({ nowMs: nowMs + 10 * DAY_MS }),
  ])
  const dir = t.testdir({
    'good.crt': good.cert,
    'good.key': good.key,
    'other.key': other.key,
    'expired.crt': expired.cert,
    'expired.key': expired.key,
    'future.crt': future.cert,
    'future.key': future.key,
    'junk.pem': 'no PEM at all, but hunter2',
    folder: {},
  })
  const cases: [string, string, RegExp | null][] = [
    ['good.crt', 'good.key', null],
    [
      'absent.crt',
      'good.key',
      /certificate .*absent\.crt cannot be read: there is no such file/,
    ],
    [
      'good.crt',
      'absent.key',
      /private key .*absent\.key cannot be read: there is no such file/,
    ],
    ['folder', 'good.key', /it is a directory/],
    [
      'good.crt',
      'other.key',
      /other\.key does not belong to the certificate in .*good\.crt/,
    ],
    ['junk.pem', 'good.key', /junk\.pem holds no PEM certificate/],
    ['good.crt', 'junk.pem', /junk\.pem holds no PEM private key/],
    ['expired.crt', 'expired.key', /expired\.crt expired on \d{4}-/],
    ['future.crt', 'future.key', /future\.crt is not valid before \d{4}-/],
  ]
  for (const [cert, key, expected] of cases) {
    const files = { certFile: join(dir, cert), keyFile: join(dir, key) }

    const reading = await readServingCertificate(files, nowMs)

    if (expected === null)
      t.match(reading, { status: 'usable', pair: { cert: good.cert } })
    else {
      t.match(reading, { status: 'unusable', reason: expected }, `${cert} with ${key}`)
      t.notMatch(JSON.stringify(reading), /hunter2|BEGIN/, 'without any content')
    }
  }
})

test('a renewed certificate is served without dropping connections', async (t) => {
  const [before, after] = await Promise.all([make(), make({ nowMs: nowMs + 1 })])
  const dir = t.testdir({})
  await mountLikeKubelet(dir, '1', before)
  const files = { certFile: join(dir, 'tls.crt'), keyFile: join(dir, 'tls.key') }
  const server = createServer(serverTlsOptions(before), (_request, response) =>
    response.end('ok'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const events: string[] = []
  const watch = watchCertificate({
    files,
    current: before,
    intervalMs: 3_600_000,
    now: () => nowMs,
    apply: (pair) => server.setSecureContext(serverTlsOptions(pair)),
    onReplaced: () => events.push('replaced'),
    onRefused: (reason) => events.push(reason),
  })
  t.teardown(() => watch.close())
  const old = await dial(port, before.ca)
  t.teardown(() => old.destroy())

  await watch.check()
  t.strictSame(events, [], 'an unchanged pair is left alone')

  await writeFile(join(dir, '..1', 'tls.key'), after.key)
  await watch.check()
  await watch.check()
  t.match(events, [/does not belong/], 'half a renewal is refused, and told once')
  t.equal(events.length, 1)

  await mountLikeKubelet(dir, '2', after)
  await watch.check()
  t.equal(events.at(-1), 'replaced')
  const renewed = await dial(port, after.ca)
  t.teardown(() => renewed.destroy())
  t.ok(renewed.authorized, 'a new connection sees the new certificate')
  await t.rejects(
    dialOldTls(port, after.ca),
    'TLS 1.1 is still refused after the renewal',
  )
  old.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  const [chunk] = (await once(old, 'data')) as [Buffer]
  t.match(chunk.toString(), /^HTTP\/1\.1 200/, 'an open connection lives on')
})

test('a pair that the server cannot take stays out', async (t) => {
  const [before, after] = await Promise.all([make(), make()])
  const dir = t.testdir({ 'tls.crt': after.cert, 'tls.key': after.key })
  const events: string[] = []
  const watch = watchCertificate({
    files: { certFile: join(dir, 'tls.crt'), keyFile: join(dir, 'tls.key') },
    current: before,
    intervalMs: 3_600_000,
    now: () => nowMs,
    apply: () => {
      throw new Error('ERR_OSSL')
    },
    onReplaced: () => events.push('replaced'),
    onRefused: (reason) => events.push(reason),
  })
  t.teardown(() => watch.close())

  await watch.check()

  t.match(events, [/cannot be served/])
})

/** As the kubelet mounts a Secret: files are links through `..data`, which is swapped in one rename. */
async function mountLikeKubelet(
  dir: string,
  version: string,
  pair: SelfSigned,
): Promise<void> {
  await mkdir(join(dir, `..${version}`))
  await writeFile(join(dir, `..${version}`, 'tls.crt'), pair.cert)
  await writeFile(join(dir, `..${version}`, 'tls.key'), pair.key)
  await symlink(`..${version}`, join(dir, `..data_tmp`))
  await rename(join(dir, '..data_tmp'), join(dir, '..data'))
  if (version !== '1') return
  await symlink(join('..data', 'tls.crt'), join(dir, 'tls.crt'))
  await symlink(join('..data', 'tls.key'), join(dir, 'tls.key'))
}

async function dial(port: number, ca: string): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca, servername: 'localhost' })
  await once(socket, 'secureConnect')
  return socket
}

async function dialOldTls(port: number, ca: string): Promise<void> {
  const options = { port, host: '127.0.0.1', ca, servername: 'localhost' }
  const socket = connect({
    ...options,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  })
  await once(socket, 'secureConnect')
  socket.destroy()
}

test('a certificate of one process is renewed under the same authority', async (t) => {
  const clock = { nowMs }
  const own = await createOwnCertificate({
    hosts: ['localhost'],
    now: () => clock.nowMs,
  })
  const first = own.current()
  t.equal(first.notAfterMs, nowMs + 365 * DAY_MS)

  clock.nowMs += 240 * DAY_MS
  t.equal(await own.renewWhenDue(), null, 'not before two thirds of its life')
  clock.nowMs += 10 * DAY_MS
  const renewed = await own.renewWhenDue()

  t.equal(renewed?.ca, first.ca)
  t.equal(renewed?.notAfterMs, clock.nowMs + 365 * DAY_MS)
  const leaf = new X509Certificate(renewed?.cert ?? '')
  t.ok(leaf.verify(new X509Certificate(first.ca).publicKey))
  t.equal(own.current(), renewed)
  t.equal(await own.renewWhenDue(), null)
})

test('authorities of clients are checked before they are used', async (t) => {
  const [good, expired] = await Promise.all([
    make(),
    make({ nowMs: nowMs - 40 * DAY_MS }),
  ])
  const dir = t.testdir({
    'good.pem': expired.ca + good.ca,
    'expired.pem': expired.ca,
    'junk.pem': 'hunter2',
    'half.pem': good.ca + good.ca.slice(0, good.ca.length / 2),
    'broken.pem': good.ca + good.ca.replace(/\n[A-Za-z0-9+/]{8}/, '\nAAAAAAAA'),
  })
  const read = (name: string) => readClientAuthority(join(dir, name), nowMs)

  t.strictSame(await read('good.pem'), { status: 'usable', pem: expired.ca + good.ca })
  t.match(await read('expired.pem'), { reason: /every certificate in .* is expired/ })
  t.match(await read('junk.pem'), { reason: /junk\.pem holds no PEM certificate/ })
  t.match(await read('absent.pem'), { reason: /cannot be read: ENOENT/ })
  for (const name of ['half.pem', 'broken.pem'])
    t.match(await read(name), { reason: /a certificate in .* is cut off or broken/ })
})

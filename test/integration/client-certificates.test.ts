import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import t from 'tap'
import { Agent, request } from 'undici'
import { podReview } from '../support/admission-reviews.ts'
import { namespace } from '../support/cluster-manifests.ts'
import { startPullgate } from '../support/pullgate-process.ts'
import { writeFiles } from '../support/webhook.ts'

// serve with --client-ca, as a process: who is let in, and what happens when the file changes.

const DAY_MS = 86_400_000
const strong = { keyType: 'ec', algorithm: 'sha256' } as const
const forClients = [{ name: 'extKeyUsage', clientAuth: true }] as const

interface Authority {
  cert: string
  private: string
}

interface Identity {
  cert?: string
  key?: string
}

function authority(name: string): Promise<Authority> {
  return generate([{ name: 'commonName', value: name }], {
    ...strong,
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
  })
}

async function client(
  ca: Authority,
  options: Parameters<typeof generate>[1] = {},
): Promise<Identity> {
  const leaf = await generate([{ name: 'commonName', value: 'kube-apiserver' }], {
    ...strong,
    extensions: [...forClients],
    ...options,
    ca: { key: ca.private, cert: ca.cert },
  })
  return { cert: leaf.cert, key: leaf.private }
}

await t.test('only the API server is let in, whoever that is now', async (t) => {
  const [old, next, foreign] = await Promise.all([
    authority('front-proxy-ca-1'),
    authority('front-proxy-ca-2'),
    authority('somebody'),
  ])
  const files = await writeFiles(t, {
    configuration: {},
    manifests: [namespace('team-a')],
  })
  const authorities = join(files.directory, 'clients.pem')
  await writeFile(authorities, old.cert)
  const ca = join(files.directory, 'ca.pem')
  const webhook = startPullgate(t, [
    'serve',
    `--standalone=${files.cluster}`,
    '--listen=127.0.0.1:0',
    '--metrics-listen=127.0.0.1:0',
    `--client-ca=${authorities}`,
    `--write-ca=${ca}`,
    '--drain=0',
  ])
  const serving = await webhook.line(({ msg }) => msg === 'serving')
  const trusted = await readFile(ca, 'utf8')
  const agentOf = (identity: Identity) => {
    const agent = new Agent({ connect: { ca: trusted, ...identity } })
    t.teardown(() => agent.destroy())
    return agent
  }
  const images = ['localhost:5000/app:1']
  const body = JSON.stringify(podReview({ namespace: 'team-a', images }))
  const ask = async (dispatcher: Agent): Promise<string> => {
    const headers = { 'content-type': 'application/json' }
    const options = { method: 'POST', dispatcher, headers, body } as const
    try {
      const answer = await request(`${String(serving.reviews)}?timeout=5s`, options)
      await answer.body.dump()
      return String(answer.statusCode)
    } catch {
      return 'refused'
    }
  }
  const longAgo = new Date(Date.now() - 30 * DAY_MS)
  const yesterday = new Date(Date.now() - DAY_MS)
  const [right, renewed, stranger, expired, early, server] = await Promise.all([
    client(old),
    client(next),
    client(foreign),
    client(old, { notBeforeDate: longAgo, notAfterDate: yesterday }),
    client(old, { notBeforeDate: new Date(Date.now() + DAY_MS) }),
    client(old, { extensions: [{ name: 'extKeyUsage', serverAuth: true }] }),
  ])
  const kept = agentOf(right)

  t.equal(await ask(kept), '200', 'its certificate')
  t.equal(await ask(agentOf({})), 'refused', 'none')
  t.equal(await ask(agentOf(stranger)), 'refused', 'one of another authority')
  t.equal(await ask(agentOf(expired)), 'refused', 'an expired one')
  t.equal(await ask(agentOf(early)), 'refused', 'one that does not hold yet')
  t.equal(await ask(agentOf(server)), 'refused', 'one that is for servers')
  t.equal(await ask(agentOf(renewed)), 'refused', 'one of an authority to come')
  const healthy = await request(String(serving.metrics))
  t.equal(healthy.statusCode, 200, 'the port for metrics asks for none')
  await healthy.body.dump()

  await writeFile(authorities, old.cert + next.cert.slice(0, next.cert.length / 2))
  await webhook.line(({ reason }) => /cut off or broken/.test(String(reason)))
  t.equal(await ask(agentOf(right)), '200', 'a file that is half written changes nothing')

  await writeFile(`${authorities}.new`, next.cert)
  await rename(`${authorities}.new`, authorities)
  await webhook.line(({ msg }) => msg === 'a changed client authority is in force')
  t.equal(await ask(agentOf(renewed)), '200', 'the new one')
  t.equal(await ask(agentOf(right)), 'refused', 'the old one no longer')
  t.equal(await ask(kept), '200', 'but a connection that was let in lives on')

  webhook.signal('SIGTERM')
  t.equal((await webhook.ended).code, 0)
})

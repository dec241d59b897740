import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { startDemoRegistry } from '../../src/demo/demo-registry.ts'
import { podReview } from '../support/admission-reviews.ts'
import { namespace, node } from '../support/cluster-manifests.ts'
import { startWebhook } from '../support/webhook.ts'

// Registries that never come to an end, each in its own way, beside one that answers. What is asserted is what the answer says
// and that it came while the API server still waited (five seconds), not how long it took.

const API_TIMEOUT_MS = 5_000

/** Serves headers of a manifest, then whatever `body` does. */
function manifestThat(body: (response: ServerResponse) => void) {
  return (response: ServerResponse): void => {
    response.writeHead(200, {
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      // Without a digest the manifest itself has to be read.
      'transfer-encoding': 'chunked',
    })
    body(response)
  }
}

const ways: Record<string, (response: ServerResponse) => void> = {
  'hangs.acme.test': () => {},
  'drips.acme.test': manifestThat((response) => {
    response.write('{')
    const timer = setInterval(() => response.write(' '), 50)
    response.on('close', () => clearInterval(timer))
  }),
  'stops.acme.test': manifestThat((response) => response.write('{"schemaVersion":')),
  'dies.acme.test': manifestThat((response) => {
    response.write('{"schemaVersion":', () => response.destroy())
  }),
}

async function serve(t: Test, answer: (response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    if (request.method === 'HEAD' && answer !== ways['hangs.acme.test']) {
      response.writeHead(200, {
        'content-type': 'application/vnd.oci.image.manifest.v1+json',
      })
      response.end()
      return
    }
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

t.test('an answer is in time, with what is known by then', async (t) => {
  const good = await startDemoRegistry()
  t.teardown(() => good.close())
  const registries = await Promise.all(
    Object.entries(ways).map(async ([host, answer]) => ({
      host,
      endpoint: await serve(t, answer),
    })),
  )
  const webhook = await startWebhook(t, {
    configuration: {
      mode: 'enforce',
      deadline: '1s',
      registries: [
        { host: 'good.acme.test', endpoint: good.endpoints.public.origin },
        ...registries,
      ],
      network: { allow: ['127.0.0.1/32'] },
    },
    manifests: [node('node-1'), namespace('team-a')],
  })
  const ask = (images: readonly string[]) =>
    webhook.review(podReview({ namespace: 'team-a', images }))

  for (const { host } of registries) {
    const apiServer = AbortSignal.timeout(API_TIMEOUT_MS)
    const verdict = await ask([`${host}/team/app:1.0`, 'good.acme.test/team/single:1.0'])
    t.notOk(apiServer.aborted, `${host}: before the API server gives up`)
    t.equal(verdict.action, 'warn', `${host}: let through`)
    t.match(verdict.warnings.join('\n'), /\[(Unverified|RegistryUnreachable)\]/, host)
    t.notMatch(verdict.warnings.join('\n'), 'good.acme.test', `${host}: not the other`)
  }
  const all = registries.map(({ host }) => `${host}/team/app:2.0`)
  const denied = await ask([...all, 'good.acme.test/team/web:9.9'])
  t.equal(denied.action, 'deny', 'what is certain is said whatever else hangs')
  t.match(denied.message, /good\.acme\.test\/team\/web/)
  t.match(denied.message, /ImageNotFound/)
  t.equal((await webhook.metricsPath('/readyz')).status, 200, 'and we are ready')
})

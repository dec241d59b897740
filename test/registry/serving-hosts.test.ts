import t, { type Test } from 'tap'
import type { LookupEvidence } from '../../src/registry/lookup.ts'
import { OCI_MANIFEST } from '../../src/registry/media-types.ts'
import { createServingHosts, heedServing } from '../../src/registry/serving-hosts.ts'
import { clientOf, endpointOf, requestFor } from './support/client-of.ts'
import { refuse, scriptedRegistry, serveManifest } from './support/scripted-registry.ts'
import type { Script } from './support/scripted-registry.ts'

const serving =
  (mediaType: string): Script =>
  (request, response) =>
    serveManifest(request, response, { body: '{}', mediaType })
const notFound =
  (code = '', headers: Record<string, string> = {}): Script =>
  (_request, response) =>
    refuse(response, 404, code, headers)

const found = serving(OCI_MANIFEST)
const page = serving('text/html')
const bare = notFound()

/** A client of a registry whose next answer can be chosen, and what it remembers of hosts. */
async function startRegistry(test: Test) {
  const next = { answer: bare }
  const registry = await scriptedRegistry(test, (...args) => next.answer(...args))
  const servingHosts = createServingHosts()
  const client = clientOf([endpointOf(registry.baseUrl)], { servingHosts })
  async function lookup(answer: Script) {
    next.answer = answer
    return client.lookup(requestFor())
  }
  return { lookup, servingHosts, host: registry.baseUrl }
}

function marksOf({ unsigned, doubts, signlessHost }: LookupEvidence): object {
  return {
    ...(unsigned === undefined ? {} : { unsigned }),
    ...(doubts === undefined ? {} : { doubts: doubts.length }),
    ...(signlessHost === undefined ? {} : { signlessHost }),
  }
}

t.test('a web page is a doubt where images were served', async (t) => {
  const { lookup, host } = await startRegistry(t)

  const before = await lookup(page)
  await lookup(found)
  const after = await lookup(page)

  t.strictSame(
    marksOf(before.evidence),
    { signlessHost: host },
    'it may be no registry at all',
  )
  t.match(after.evidence.doubts, [/has served images, so the page may pass/])
})

t.test('so is a 404 without a sign of a registry', async (t) => {
  const { lookup, host } = await startRegistry(t)
  const header = { 'docker-distribution-api-version': 'registry/2.0' }
  const answers: [answer: Script, marks: object][] = [
    [bare, { signlessHost: host }],
    [found, {}],
    [bare, { unsigned: true }],
    [notFound('', header), {}],
    [notFound('MANIFEST_UNKNOWN'), {}],
  ]
  for (const [answer, marks] of answers)
    t.strictSame(marksOf((await lookup(answer)).evidence), marks)
})

t.test('what was answered before an image was served is weighed anew', async (t) => {
  for (const [answer, marks] of [
    [bare, { unsigned: true }],
    [page, { doubts: 1 }],
  ] as const) {
    const { lookup, servingHosts } = await startRegistry(t)
    const remembered = await lookup(answer)

    t.strictSame(heedServing(remembered, servingHosts), remembered)
    await lookup(found)

    t.strictSame(marksOf(heedServing(remembered, servingHosts).evidence), marks)
  }
})

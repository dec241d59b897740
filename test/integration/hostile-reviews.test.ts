import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { Agent, request } from 'undici'
import { scriptedRegistry } from '../registry/support/scripted-registry.ts'
import { namespace, node } from '../support/cluster-manifests.ts'
import { jsonLines, startPullgate } from '../support/pullgate-process.ts'
import { writeFiles } from '../support/webhook.ts'

// What somebody may write into an object, or send to the port, to make the answer late, large or wrong for others. Against a
// process as it is run, with a registry that never answers.

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
const TAR_PIT = 'tarpit.acme.test'
const image = `${TAR_PIT}/team/web:1`
const names = (count: number) => Array.from({ length: count }, (_, at) => `c${at}`)

interface Pod {
  apiVersion: string
  kind: string
  metadata: Record<string, unknown>
  spec: Record<string, unknown>
}

function pod(spec: object, metadata: object = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'team-a', ...metadata },
    spec: { containers: [{ name: 'c', image, imagePullPolicy: 'Always' }], ...spec },
  }
}

function bodyOf(object: Pod): string {
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u-1',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      operation: 'CREATE',
      namespace: 'team-a',
      name: 'web',
      userInfo: { username: 'mallory\u001b[31m', groups: [] },
      object,
    },
  })
}

function containers(count: number, imageOf: (at: number) => string): object {
  return { containers: names(count).map((name, at) => ({ name, image: imageOf(at) })) }
}

/** `__proto__` as a key of JSON, which an object literal would make a prototype. */
function polluted(body: string): string {
  const keys = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},'
  return body.replaceAll('{"', `{${keys}"`)
}

const hostile: Record<string, () => string> = {
  'ten thousand hosts': () =>
    bodyOf(pod(containers(10_000, (at) => `host${at}.invalid/app:1`))),
  'ten thousand tags of a tar pit': () =>
    bodyOf(pod(containers(10_000, (at) => `${TAR_PIT}/app:${at}`))),
  'fifty thousand images': () =>
    bodyOf(pod(containers(50_000, (at) => `a.invalid/w:${at}`))),
  'twenty thousand invalid names': () =>
    bodyOf(pod(containers(20_000, (at) => `A.invalid/W:${at}`))),
  'names of 4,096 characters': () =>
    bodyOf(pod(containers(700, (at) => `a.invalid/${'a-'.repeat(2_040)}!${at}`))),
  'a name of three megabytes': () =>
    bodyOf(pod(containers(1, () => `a.invalid/${'a_-.'.repeat(700_000)}`))),
  'three megabytes of blanks': () =>
    bodyOf(pod(containers(1, () => `${' '.repeat(3_000_000)}x`))),
  'control characters everywhere': () =>
    bodyOf(
      pod(
        {
          containers: [{ name: 'c\u001b[2J', image: 'a\u0000.invalid/\u202eapp\r\n' }],
          imagePullSecrets: [{ name: '\u001b]0;x\u0007' }],
          serviceAccountName: '\u001b[31m',
          nodeSelector: { '\u0000': '\u001b' },
        },
        { annotations: { 'pullgate.dev/skip': '', '\u0000': '\u001b[31m' } },
      ),
    ),
  'a hundred thousand pull secrets': () =>
    bodyOf(pod({ imagePullSecrets: names(100_000).map((name) => ({ name })) })),
  'a hundred thousand tolerations': () =>
    bodyOf(
      pod({ tolerations: names(100_000).map((key) => ({ key, operator: 'Exists' })) }),
    ),
  'fifty thousand annotations': () =>
    bodyOf(
      pod(
        {},
        { annotations: Object.fromEntries(names(50_000).map((key) => [key, 'x'])) },
      ),
    ),
  'prototypes in every object': () => polluted(bodyOf(pod({}))),
  'nesting a million deep': () =>
    bodyOf(pod({})).replace(
      '"uid"',
      `"x":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)},"uid"`,
    ),
}

await t.test('no object makes the answers late, large or unclean', async (t) => {
  const registry = await scriptedRegistry(t, () => {})
  const files = await writeFiles(t, {
    configuration: { registries: [{ host: TAR_PIT, endpoint: registry.baseUrl }] },
    manifests: [node('node-1'), namespace('team-a')],
  })
  const ca = join(files.directory, 'ca.pem')
  const webhook = startPullgate(
    t,
    [
      'serve',
      `--standalone=${files.cluster}`,
      `--config=${files.configuration}`,
      '--listen=127.0.0.1:0',
      '--metrics-listen=127.0.0.1:0',
      `--write-ca=${ca}`,
      '--drain=0',
    ],
    // About the heap that Node allows itself within the 512 MiB of the manifests: with more it is killed.
    { NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --max-old-space-size=256` },
  )
  const serving = await webhook.line(({ msg }) => msg === 'serving')
  const dispatcher = new Agent({
    connect: { ca: await readFile(ca, 'utf8') },
    allowH2: false,
  })
  t.teardown(() => dispatcher.destroy())
  const post = async (body: string) => {
    // What the API server would wait for. A call that takes longer is a failed one.
    const signal = AbortSignal.timeout(30_000)
    const answer = await request(`${String(serving.reviews)}?timeout=3s`, {
      method: 'POST',
      dispatcher,
      headers: { 'content-type': 'application/json' },
      body,
      signal,
    })
    return { status: answer.statusCode, text: await answer.body.text() }
  }
  const harmless = bodyOf(pod(containers(1, () => 'localhost:5000/app:1')))

  for (const [what, make] of Object.entries(hostile)) {
    const [answer, other] = await Promise.all([post(make()), post(harmless)])

    t.equal(answer.status, 200, `${what}: judged`)
    t.equal(other.status, 200, `${what}: and so is another`)
    t.ok(answer.text.length < 16_384, `${what}: the answer has ${answer.text.length}`)
    const { response } = JSON.parse(answer.text) as {
      response: {
        warnings?: string[]
        status?: { message: string }
        auditAnnotations?: Record<string, string>
      }
    }
    const lines = [
      ...(response.warnings ?? []),
      ...(response.status?.message.split('\n') ?? []),
      ...Object.values(response.auditAnnotations ?? {}),
    ]
    t.same(
      lines.filter((line) => UNPRINTABLE.test(line)),
      [],
      `${what}: clean`,
    )
  }
  webhook.signal('SIGTERM')
  const { code, stdout, stderr } = await webhook.ended
  t.equal(code, 0, 'and it ends when it is told to')
  t.equal(stderr, '')
  const longest = Math.max(...stdout.split('\n').map(({ length }) => length))
  t.ok(longest < 32_768, `the longest line of the log has ${longest}`)
  t.same(
    jsonLines(stdout).filter(({ level }) => Number(level) >= 50),
    [],
    'no fault of ours',
  )
})

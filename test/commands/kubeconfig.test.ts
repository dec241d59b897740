import { chmod, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import t from 'tap'
import { loadApiAccess } from '../../src/cluster/load-api-access.ts'
import { createApiClient } from '../../src/cluster/api-client.ts'
import { runInProcess } from '../support/run-in-process.ts'

// A kubeconfig that cannot be used is told in one line, which quotes nothing of it.

const TOKEN = 'MARKED-TOKEN-do-not-show'

const cluster = { server: 'https://127.0.0.1:1' }
const whole = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'a',
  clusters: [{ name: 'a', cluster }],
  users: [{ name: 'a', user: { token: TOKEN } }],
  contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
}

const json = (changes: object = {}): string => JSON.stringify({ ...whole, ...changes })
const user = (fields: object): string => json({ users: [{ name: 'a', user: fields }] })

const broken: [title: string, text: string, says: RegExp][] = [
  [
    'a bracket that is not closed',
    `users:\n- name: a\n  user: {token: ${TOKEN}\nclusters: []\n`,
    /: line \d, column \d+: [^:\n]+$/,
  ],
  ['a line that is no field', `kind: Config\n${TOKEN}\n`, /: line 2, column \d+: /],
  ['a bad escape', `token: "\\q${TOKEN}"\n`, /: line 1, column \d+: /],
  ['a field twice', `token: ${TOKEN}\ntoken: ${TOKEN}\n`, /: line 2, column 1: /],
  ['an anchor that is not there', `token: *${TOKEN}\n`, /: line 1, column \d+: /],
  ['a tag that is not known', `token: !${TOKEN} a\n`, /kubeconfig is not understood$/],
  ['half a JSON text', json().slice(0, -30), /: line 1, column \d+: /],
  [
    'a JSON text with more behind it',
    `${json()} ${TOKEN}`,
    /more than one document: the second is at line 1, column \d+$/,
  ],
  ['nothing', '', /kubeconfig is empty$/],
  ['only a text', TOKEN, /has no current context$/],
  ['two documents', `${json()}\n---\n${json()}`, /the second is at line 3, column 1$/],
  ['no current context', json({ 'current-context': '' }), /has no current context$/],
  ['another context', json({ 'current-context': 'b' }), /has no context "b"$/],
  [
    'no such cluster',
    json({ clusters: [] }),
    /no cluster "a", which its context "a" names$/,
  ],
  ['no such user', json({ users: [] }), /no user "a", which its context "a" names$/],
  [
    'a cluster without a server',
    json({ clusters: [{ name: 'a', cluster: {} }] }),
    /is not complete: clusters\[0\]\.cluster\.server is missing$/,
  ],
  [
    'a server of another shape',
    json({ clusters: [{ name: 'a', cluster: { server: { token: TOKEN } } }] }),
    /kubeconfig is not understood$/,
  ],
  [
    'a proxy that is no URL',
    json({ clusters: [{ name: 'a', cluster: { ...cluster, 'proxy-url': TOKEN } }] }),
    /the proxy-url of the kubeconfig's cluster is no URL$/,
  ],
  [
    'a token where its file should be',
    user({ 'token-file': TOKEN }),
    /names a token-file that cannot be read: there is no such file$/,
  ],
]

const ran = [['check', 'quay.io/a:1'], ['audit'], ['explain', 'pod/a']] as const

t.test('a file that is broken', async (t) => {
  const cwd = t.testdir({})
  const file = join(cwd, 'kubeconfig')
  for (const [title, text, says] of broken) {
    await writeFile(file, text)
    for (const [command, ...rest] of ran) {
      const args = [command, '--kubeconfig', 'kubeconfig', ...rest]
      const { code, stdout, stderr } = await runInProcess(args, { cwd })

      t.equal(code, 2, title)
      t.equal(stdout, '', title)
      t.match(stderr, /^pullgate \w+: [^\n]+\n$/, title)
      t.match(stderr.trimEnd(), says, title)
      t.notMatch(stderr, TOKEN, title)
    }
  }
})

t.test('the files of KUBECONFIG', async (t) => {
  const cwd = t.testdir({
    good: json({ 'current-context': '' }),
    more: JSON.stringify({ 'current-context': 'a', kind: 'Config' }),
    broken: `{ token: ${TOKEN}`,
  })
  const check = async (...files: string[]): Promise<string> => {
    const env = { KUBECONFIG: files.map((each) => join(cwd, each)).join(delimiter) }
    const { stderr } = await runInProcess(['check', '--cluster', 'localhost:5000/a'], {
      cwd,
      env,
    })
    t.notMatch(stderr, TOKEN)
    return stderr
  }

  t.match(await check('broken'), /the kubeconfig \S+\/broken cannot be read: line 1, /)
  t.match(await check('good', 'broken'), /the kubeconfig \S+\/broken cannot be read/)
  t.match(await check('good'), /has no current context$/m)
  t.notMatch(await check('good', 'more'), /kubeconfig/)
  t.match(await check('good', 'good'), /good has a cluster, user or context of a name/)
})

t.test('credentials that cannot be had', async (t) => {
  const cwd = t.testdir({})
  const script = async (name: string, body: string): Promise<string> => {
    await writeFile(join(cwd, name), `#!/bin/sh\n${body}\n`)
    await chmod(join(cwd, name), 0o755)
    return join(cwd, name)
  }
  const exec = (command: string): string =>
    user({
      exec: { apiVersion: 'client.authentication.k8s.io/v1', command, args: [TOKEN] },
    })
  const fails = await script('fails', `echo ${TOKEN}; echo ${TOKEN} >&2; exit 7`)
  const prints = await script('prints', `echo ${TOKEN}`)
  const killed = await script('killed', 'kill -9 $$')
  await writeFile(join(cwd, 'locked'), '')
  const rows: [text: string, says: string][] = [
    [exec(fails), 'the credential plugin fails failed with exit code 7'],
    [exec(prints), 'the credential plugin prints gave no credentials that can be read'],
    [exec(killed), 'the credential plugin killed failed'],
    [exec(join(cwd, 'gone')), 'the credential plugin gone does not exist'],
    [
      exec(join(cwd, 'locked')),
      'the credential plugin locked could not be started: permission denied',
    ],
    [
      user({ 'client-key': TOKEN, 'client-certificate-data': 'YQ==' }),
      'the file of client-key cannot be read: there is no such file',
    ],
    [
      json({
        clusters: [{ name: 'a', cluster: { ...cluster, 'certificate-authority': 'x' } }],
      }),
      'the file of certificate-authority cannot be read: there is no such file',
    ],
    [
      user({
        'client-key-data': Buffer.from(TOKEN).toString('base64'),
        'client-certificate-data': 'YQ==',
      }),
      'ERR_OSSL_PEM_NO_START_LINE',
    ],
  ]
  for (const [text, says] of rows) {
    const kubeconfig = join(cwd, 'kubeconfig')
    await writeFile(kubeconfig, text)
    const access = await loadApiAccess({ kubeconfig, context: null })
    const client = createApiClient({ access, timeoutMs: 10_000 })

    const answer = await client.get({ path: '/api/v1/nodes' })

    const reason = `the API server could not be asked (${says})`
    t.same(answer, { status: 'failed', reason }, says)
    await client.close()
  }
})

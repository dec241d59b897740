import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { reportFormats } from '../../src/audit/reports/formats.ts'
import type { ReportFormat } from '../../src/audit/reports/formats.ts'
import { runInProcess } from '../support/run-in-process.ts'

// Whoever renders a private base may have a token in the URL: it goes to kubectl, and nowhere else.

const PASSWORD = 's3cr3t/TOKEN'
const KEY = 'sshK3Y+base64'
const SECRETS = /s3cr3t|TOKEN|K3Y/
const url = `https://bob:${encodeURIComponent(PASSWORD)}@git.example.test/acme/deploy//overlays/prod?ref=main&sshkey=${encodeURIComponent(KEY)}`
const shown =
  'https://***@git.example.test/acme/deploy//overlays/prod?ref=main&sshkey=***'

const pod =
  'apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: { containers: [{ name: c, image: a.test/UPPER:1 }] }\n'

/** Formats that have no place for what is in no file. */
const PLACELESS: ReadonlySet<ReportFormat> = new Set(['github'])

/** A kubectl that knows our URL alone, and then does as the script says. */
async function withKubectl(t: Test, script: string) {
  const folder = t.testdir({ bin: {} })
  const kubectl = join(folder, 'bin/kubectl')
  const text = `#!/bin/sh\n[ "$2" = '${url}' ] || { echo 'another URL' >&2; exit 1; }\n${script}\n`
  await writeFile(kubectl, text)
  await chmod(kubectl, 0o755)
  return { cwd: folder, env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` } }
}

t.test('no report has it, and every report has the rest of the URL', async (t) => {
  const options = await withKubectl(t, `cat <<'END'\n${pod}END`)
  const outputs = reportFormats.flatMap((format) => ['-o', `${format}=${format}.out`])

  const { code, stderr } = await runInProcess(['check', '-k', url, ...outputs], options)

  t.equal(code, 1, stderr)
  t.notMatch(stderr, SECRETS)
  for (const format of reportFormats) {
    const text = await readFile(join(options.cwd, `${format}.out`), 'utf8')
    if (!PLACELESS.has(format)) t.match(text, 'git.example.test', format)
    t.notMatch(text, SECRETS, format)
  }
})

const refusals: [name: string, script: string, says: string][] = [
  [
    'as git has it',
    `echo "error: fetch '$2': authentication failed" >&2`,
    `error: fetch '${shown}': authentication failed`,
  ],
  [
    'decoded, outside of any URL',
    `echo "error: wrong password ${PASSWORD} or key ${KEY}" >&2`,
    'error: wrong password *** or key ***',
  ],
  [
    'of another URL, which a kustomization names',
    `echo "error: Get 'https://x:TOKEN2@b.test/y?k=TOKEN3': refused" >&2`,
    `error: Get 'https://***@b.test/y?k=***': refused`,
  ],
  [
    'over several lines, as kubectl logs them',
    `printf 'E1129 run.go:72] "command failed" err=<\\n\\tfetch %s: refused\\n\\t: exit status 128\\n >\\n' "$2" >&2`,
    `fetch ${shown}: refused : exit status 128`,
  ],
]

for (const [name, script, says] of refusals) {
  t.test(`kubectl says it again ${name}`, async (t) => {
    const options = await withKubectl(t, `${script}\nexit 1`)

    const { code, stdout, stderr } = await runInProcess(
      ['check', '-k', url, '-o', 'json'],
      options,
    )

    t.equal(code, 2)
    t.equal(stderr, `cannot render ${shown}: ${says}\n`)
    t.notMatch(stdout, SECRETS)
  })
}

t.test('URLs elsewhere on the command line', async (t) => {
  const secret = 'https://bob:s3cr3t@h.test/x'
  for (const args of [
    ['-f', secret],
    ['-f', secret.replace('https', 's3')],
    ['--config', secret, 'x.test/UPPER'],
    ['--baseline', secret, 'x.test/UPPER'],
    ['--kubeconfig', secret, 'x.test/UPPER'],
    ['-o', `json=${secret}`, 'x.test/UPPER'],
    [secret],
  ]) {
    const { stdout, stderr } = await runInProcess(['check', ...args])
    t.match(stdout + stderr, /\*\*\*@h\.test/, args.join(' '))
    t.notMatch(stdout + stderr, SECRETS, args.join(' '))
  }
})

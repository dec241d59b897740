import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readDocuments } from '../../src/yaml/read-documents.ts'
import { withParts } from '../support/missing-parts.ts'

// Where examples get the program from. It is not published, so that its bare name would be that of whoever registers it.

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(root, 'examples/ci')

function read(name: string): unknown {
  return readDocuments(readFileSync(join(folder, name))).documents[0]?.value
}

interface Workflow {
  env: object
  jobs: { pullgate: { steps: { run?: string; with?: Record<string, string> }[] } }
}

interface GitLab {
  images: {
    variables: Record<string, string>
    before_script: string[]
    script: string[]
  }
}

const workflow = read('github-actions.yaml') as Workflow
const { images: job } = read('gitlab-ci.yaml') as GitLab

/** Commands that fetch what they run, or install, by its name. */
const BY_NAME = /\b(?:npx|npm (?:exec|x|i|install|add)|pnpm|yarn|bunx)\b/

t.test('nothing that is copied runs a package or an image by its bare name', (t) => {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  t.ok(files.length > 5)
  for (const file of [...files, join(root, '.pre-commit-hooks.yaml')]) {
    const text = readFileSync(file, 'utf8')
    const name = relative(root, file)
    t.notMatch(text, BY_NAME, name)
    for (const [, image = ''] of text.matchAll(/\bimage: *(\S*pullgate\S*)/g))
      // A host that is never anybody's: the pull fails until it is filled in.
      t.match(image, /^registry\.example\.com\/platform\/pullgate:\d/, name)
  }
  t.end()
})

t.test('pipelines take a commit that is filled in, and what its lock file pins', (t) => {
  const steps = workflow.jobs.pullgate.steps.flatMap(({ run = [] }) => run)
  const pipelines: [object, readonly string[]][] = [
    [workflow.env, steps],
    [job.variables, [...job.before_script, ...job.script]],
  ]
  for (const [variables, scripts] of pipelines) {
    t.match(variables, {
      PULLGATE_REPOSITORY: /^(?:<[^>]+>\/pullgate|https:\/\/git\.example\.com\/.+)$/,
      PULLGATE_COMMIT: /^<[^>]+>$/,
    })
    const install = scripts.indexOf(
      'npm ci --prefix .pullgate --omit=dev --ignore-scripts',
    )
    const use = scripts.findIndex((each) => each.includes('.pullgate/bin/pullgate.js '))
    t.ok(install !== -1 && install < use)
  }
  const checkout = workflow.jobs.pullgate.steps.find(({ with: given }) => given?.path)
  t.match(checkout?.with, {
    repository: '${{ env.PULLGATE_REPOSITORY }}',
    ref: '${{ env.PULLGATE_COMMIT }}',
    path: '.pullgate',
  })
  t.ok(existsSync(join(root, 'bin/pullgate.js')))
  t.ok(existsSync(join(root, 'package-lock.json')))
  t.end()
})

t.test(
  'the GitLab job fetches that commit, and nothing before it is filled in',
  async (t) => {
    await withParts(t, { file: import.meta.filename, needs: ['git'] }, () => {
      const directory = t.testdir({
        repository: { file: 'ours' },
        project: {},
        other: {},
      })
      const run = (at: string, script: string, env: Record<string, string> = {}) =>
        spawnSync('sh', ['-ec', script], {
          cwd: join(directory, at),
          env: { PATH: process.env.PATH, HOME: directory, ...env },
          encoding: 'utf8',
        })
      const made = run(
        'repository',
        `git init --quiet && git add . && git -c user.name=a -c user.email=a@acme.test commit --quiet -m one
       git rev-parse HEAD`,
      )
      const PULLGATE_REPOSITORY = join(directory, 'repository')
      const fetching = job.before_script
        .filter((line) => line.startsWith('git '))
        .join('\n')

      const PULLGATE_COMMIT = made.stdout.trim()
      const filled = run('project', fetching, { PULLGATE_REPOSITORY, PULLGATE_COMMIT })
      const empty = run('other', fetching, { ...job.variables, PULLGATE_REPOSITORY })

      t.equal(filled.status, 0, filled.stderr)
      t.ok(existsSync(join(directory, 'project/.pullgate/file')))
      t.not(empty.status, 0)
    })
  },
)

t.test('whoever installs it is told that it is not published', (t) => {
  for (const name of ['README.md', 'docs/install.md', 'docs/command-line.md'])
    t.match(readFileSync(join(root, name), 'utf8'), /not published|is published/, name)
  t.end()
})

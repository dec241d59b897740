import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { Test } from 'tap'
import { collectManifests } from '../../src/audit/collect-manifests.ts'
import { commands } from '../../src/commands/run-command.ts'
import { reportHelp } from '../../src/commands/report-options.ts'
import { readDocuments } from '../../src/yaml/read-documents.ts'
import { runInProcess } from '../support/run-in-process.ts'
import { startRealWorld } from './real-world.ts'

// What people copy into their pipelines: every command in it is one of ours, and does what the example says.

const path = (name: string): string =>
  fileURLToPath(new URL(`../../examples/ci/${name}`, import.meta.url))

function read(name: string): unknown {
  const { documents, errors } = readDocuments(readFileSync(path(name)))
  t.same(errors, [], name)
  return documents[0]?.value
}

/** The words after our program in a line of a shell script. */
function argumentsIn(script: string, temporary: string): string[] {
  const [, line = ''] = /pullgate\.js (.*)/.exec(script) ?? []
  return line
    .split(' ')
    .map((word) => word.replaceAll('"', '').replace('$RUNNER_TEMP', temporary))
}

async function runExample(t: Test, args: (temporary: string) => string[]) {
  const world = await startRealWorld(t)
  await mkdir(world.inDirectory('deploy'))
  await mkdir(world.inDirectory('temporary'))
  const pod =
    'apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: { containers: [{ name: c, image: "postgres:16.44-alpine" }] }\n'
  await writeFile(world.inDirectory('deploy/web.yaml'), pod)
  const [command = '', ...rest] = args(world.inDirectory('temporary'))
  const ran = await runInProcess([command, '--config', world.config, ...rest], {
    cwd: world.directory,
  })
  return { ...ran, written: (name: string) => readFile(world.inDirectory(name), 'utf8') }
}

t.test('the GitHub workflow annotates, summarises and uploads', async (t) => {
  const { jobs } = read('github-actions.yaml') as Workflow
  const scripts = jobs.pullgate.steps.map(({ run = '' }) => run)
  const script = scripts.find((each) => each.includes('pullgate.js check')) ?? ''

  const { code, stdout, written } = await runExample(t, (at) => argumentsIn(script, at))

  t.equal(code, 1)
  t.match(stdout, /^::error file=deploy\/web\.yaml,line=4,col=\d+,title=/)
  t.match(await written('temporary/images.md'), 'ImageNotFound')
  t.match(JSON.parse(await written('temporary/images.sarif')), { version: '2.1.0' })
})

interface Workflow {
  jobs: { pullgate: { steps: { run?: string }[] } }
}

t.test('the GitLab job leaves tests and a page', async (t) => {
  const { images } = read('gitlab-ci.yaml') as {
    images: {
      script: string[]
      artifacts: { paths: string[]; reports: { junit: string } }
    }
  }
  const { code, written } = await runExample(t, (at) =>
    argumentsIn(images.script[0] ?? '', at),
  )

  t.equal(code, 1)
  t.match(await written(images.artifacts.reports.junit), '<failure type="ImageNotFound"')
  t.match(await written(images.artifacts.paths[0] ?? ''), '<!doctype html>')
})

t.test('the pre-commit hook takes the names of files', async (t) => {
  const [hook] = read('pre-commit-hooks.yaml') as Record<
    'id' | 'entry' | 'files' | 'exclude',
    string
  >[]
  t.match('deploy/web.yaml', new RegExp(hook?.files ?? '-'))
  t.notMatch('package.json', new RegExp(hook?.files ?? '-'))
  const exclude = new RegExp(hook?.exclude ?? '-')
  for (const name of ['templates/a.yaml', 'values-prod.yaml', 'Chart.yaml'])
    t.match(`deploy/web/${name}`, exclude)
  t.notMatch('deploy/web.yaml', exclude)

  const entry = (hook?.entry ?? '').split(' ').slice(1)
  const { code, stdout } = await runExample(t, () => [...entry, 'deploy/web.yaml'])

  t.equal(code, 1)
  t.match(stdout, /^Pod default\/web\n.*\(deploy\/web\.yaml:4:\d+\)/)
})

t.test('pre-commit finds the same hook in this repository', async (t) => {
  const own = new URL('../../.pre-commit-hooks.yaml', import.meta.url)
  t.equal(readFileSync(own, 'utf8'), readFileSync(path('pre-commit-hooks.yaml'), 'utf8'))
})

t.test('the nightly audit may run where it says, and read what it needs', async (t) => {
  const { documents } = readDocuments(readFileSync(path('nightly-audit-cronjob.yaml')))
  const [job, , role] = documents.map(({ value }) => value)
  // Pod Security "restricted", which the namespace of the release enforces, and a volume that may be written to.
  t.match(job, {
    metadata: { namespace: 'pullgate' },
    spec: {
      jobTemplate: {
        spec: {
          template: {
            spec: {
              securityContext: {
                runAsNonRoot: true,
                fsGroup: 65532,
                seccompProfile: { type: 'RuntimeDefault' },
              },
              containers: [
                {
                  securityContext: {
                    allowPrivilegeEscalation: false,
                    capabilities: { drop: ['ALL'] },
                  },
                },
              ],
            },
          },
        },
      },
    },
  })
  const docs = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8')
  const [, block = ''] = /```yaml\n([^`]*kind: ClusterRole[^`]*)```/.exec(docs) ?? []
  const [told] = readDocuments(Buffer.from(block)).documents
  t.strictSame(role, told?.value, 'the rights are those that docs/audit.md lists')
})

t.test(
  'the Jobs in a cluster are manifests, and their arguments are options',
  async (t) => {
    for (const name of ['argo-cd/presync.yaml', 'nightly-audit-cronjob.yaml']) {
      const content = readFileSync(path(name))
      const { workloads, problems, unjudged } = collectManifests(
        [{ file: name, content }],
        {
          rules: [],
          namespace: 'default',
        },
      )
      t.same(problems, [])
      t.equal(unjudged.size, 0)
      t.equal(workloads.length, 1)
      const [, list = ''] = /args:\s*(?:\[([^\]]*)\])/.exec(content.toString()) ?? []
      const args =
        list === ''
          ? [...content.toString().matchAll(/^ +- ((?:audit|--).*)$/gm)].map(
              ([, each = '']) => each,
            )
          : list.split(', ')
      const [command, ...options] = args
      const entry = commands.find((each) => each.name === command)
      const help = (await entry?.load())?.help ?? reportHelp
      t.ok(options.length >= 2)
      for (const option of options)
        t.match(help, option.split('=')[0], `${name}: ${option}`)
    }
  },
)

t.test('the Job of Argo CD checks the files that are synced', (t) => {
  const { resources, configMapGenerator } = read('argo-cd/kustomization.yaml') as {
    resources: string[]
    configMapGenerator: { files: string[] }[]
  }
  const synced = resources.filter((file) => file !== 'presync.yaml')
  t.strictSame(configMapGenerator[0]?.files, synced)
  t.notMatch(readFileSync(path('argo-cd/presync.yaml'), 'utf8'), '--namespace')
  t.end()
})

t.test('the Job of Argo CD may read what check asks for', (t) => {
  const given = ['argo-cd/presync.yaml', 'argo-cd/cluster-rights.yaml']
    .flatMap((name) => rolesIn(readFileSync(path(name))))
    .flatMap(rightsOf)
  const docs = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8')
  const [, told = ''] = /```yaml\n([^`]*name: pullgate-check\n[^`]*)```/.exec(docs) ?? []

  // In which other namespace a secret is, is nothing that a tenant need know.
  const wanted = rolesIn(told)
    .flatMap(rightsOf)
    .filter((right) => right !== 'list secrets')
  t.strictSame(new Set(given), new Set(wanted))
  t.end()
})

interface Role {
  rules?: { resources: string[]; resourceNames?: string[]; verbs: string[] }[]
}

function rolesIn(text: string | Buffer): Role[] {
  return readDocuments(Buffer.from(text)).documents.map(({ value }) => value as Role)
}

function rightsOf({ rules = [] }: Role): string[] {
  return rules.flatMap(({ resources, resourceNames = [], verbs }) =>
    resources.flatMap((resource) =>
      verbs.map((verb) => [verb, resource, ...resourceNames].join(' ')),
    ),
  )
}

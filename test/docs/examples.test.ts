import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { promisify } from 'node:util'
import t from 'tap'
import { runCommand } from '../../src/commands/run-command.ts'
import { readConfiguration } from '../../src/configuration/read-configuration.ts'
import { builtInLayout } from '../../src/workload/workload-kinds.ts'
import { readWorkload } from '../../src/workload/read-workload.ts'
import { readDocuments } from '../../src/yaml/read-documents.ts'
import { codeBlocks, readDocument, root } from './markdown.ts'

const execute = promisify(execFile)

t.test("the README's picture is what the demo prints", async (t) => {
  const { exitCode, stdout } = await run(['demo'])

  t.equal(exitCode, 0)
  const block = readmeBlock('$ kubectl apply')
  const [command = ''] = block.split('\n')
  const [printed = ''] =
    trimmed(stdout).split(`${command}\n`)[1]?.split('\nas expected') ?? []
  t.equal(`${command}\n${printed}`, block)
})

t.test("the README's check is what check prints", async (t) => {
  const block = readmeBlock('$ npx pullgate check')
  const [command = '', ...printed] = block.split('\n')

  const { exitCode, stdout } = await run(command.split(' ').slice(3))

  t.equal(exitCode, 1)
  t.equal(trimmed(stdout), printed.join('\n'))
})

t.test('the JSON report of docs/command-line.md is one of check', async (t) => {
  const { text } = readDocument('docs/command-line.md')
  const json = codeBlocks(text).find(({ language }) => language === 'json')
  const shown = JSON.parse(json?.code ?? '') as Report

  const { stdout } = await run(['check', '-f', 'examples/check/shop.yaml', '-o', 'json'])

  const report = JSON.parse(stdout) as Report
  t.strictSame(Object.keys(shown), Object.keys(report))
  t.strictSame(shown.results[0]?.object, report.results[0]?.object)
  t.strictSame(shown.results[0]?.images[0], report.results[0]?.images[0])
})

t.test("the README's library example is the file, and prints what it says", async (t) => {
  const file = readFileSync(join(root, 'examples/library/judge-image.ts'), 'utf8')
  const code = blocksOf('README.md').find(({ language }) => language === 'ts')?.code ?? ''

  const { stdout } = await execute(
    process.execPath,
    ['examples/library/judge-image.ts'],
    {
      cwd: root,
    },
  )

  t.equal(file.split('\n').slice(1).join('\n'), code)
  t.equal(trimmed(stdout), readmeBlock('docker.io/library'))
})

t.test('the rules for custom resources find their images', (t) => {
  const image = 'registry.acme.test/Shop/web:1.4'
  const inTemplate = [{ image, path: 'spec.template.spec.containers[0].image' }]
  const expected: [string, { image: string; path: string }[]][] = [
    ['argo-rollouts', inTemplate],
    ['knative', inTemplate],
    ['openshift', inTemplate],
    [
      'image-strings',
      [
        { image: 'registry.acme.test/Shop/builder:3', path: 'spec.builderImage' },
        { image: '{{ inputs.image }}', path: 'spec.steps[0].image' },
      ],
    ],
  ]
  for (const [name, images] of expected) {
    const rules = rulesOf(`examples/custom-resources/${name}.yaml`)
    const manifest = source(`examples/custom-resources/manifests/${name}.yaml`)
    const read = readWorkload(readDocuments(manifest).documents[0]?.value, rules)

    const pullSecrets = name === 'image-strings' ? [] : ['acme-pull']
    t.match(read, { status: 'workload', workload: { images, pullSecrets } }, name)
  }
  t.end()
})

t.test('docs/custom-resources.md shows the rules of the examples', (t) => {
  const shown = blocksOf('docs/custom-resources.md').filter(
    ({ language }) => language === 'yaml',
  )
  const files = ['argo-rollouts', 'knative', 'openshift', 'image-strings']

  t.strictSame(
    shown.map(({ code }) => readRules(code)),
    files.map((name) => rulesOf(`examples/custom-resources/${name}.yaml`)),
  )
  t.end()
})

t.test('manifests/base sends the webhook every kind that is judged', (t) => {
  const yaml = readDocuments(readFileSync(join(root, 'manifests/base/webhook.yaml')))
    .documents[0]?.value
  const { webhooks } = yaml as WebhookConfiguration
  const [webhook] = webhooks

  t.match(webhook, {
    name: 'images.pullgate.dev',
    failurePolicy: 'Ignore',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    clientConfig: { service: { path: '/validate' } },
  })
  const kinds = webhook?.rules.flatMap(({ apiGroups, resources }) =>
    resources.map((resource) => [apiGroups[0] ?? '', resource] as const),
  )
  t.equal(kinds?.length, 10)
  for (const [group, resource] of kinds ?? []) {
    const kind = KINDS[resource] ?? ''
    t.ok(builtInLayout(group === '' ? 'v1' : `${group}/v1`, kind), resource)
  }
  t.end()
})

const KINDS: Readonly<Record<string, string>> = {
  pods: 'Pod',
  'pods/ephemeralcontainers': 'Pod',
  podtemplates: 'PodTemplate',
  replicationcontrollers: 'ReplicationController',
  deployments: 'Deployment',
  replicasets: 'ReplicaSet',
  statefulsets: 'StatefulSet',
  daemonsets: 'DaemonSet',
  jobs: 'Job',
  cronjobs: 'CronJob',
}

interface WebhookConfiguration {
  webhooks: { rules: { apiGroups: string[]; resources: string[] }[] }[]
}

interface Report {
  results: { object: object; images: object[] }[]
}

async function run(args: string[]): Promise<{ exitCode: number; stdout: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const printed = textOf(stdout)
  stderr.resume()
  const exitCode = await runCommand(args, {
    stdin: new PassThrough().end(),
    stdout,
    stderr,
    env: {},
    cwd: root,
    isTerminal: false,
    columns: 100,
    signal: new AbortController().signal,
  })
  stdout.end()
  return { exitCode, stdout: await printed }
}

/** Without blanks at the ends of lines, which editors take away. */
function trimmed(text: string): string {
  return text.replaceAll(/ +$/gm, '').trimEnd()
}

function blocksOf(path: string) {
  return codeBlocks(readDocument(path).text)
}

function readmeBlock(start: string): string {
  const block = blocksOf('README.md').find(({ code }) => code.startsWith(start))
  return trimmed(block?.code ?? `no block starts with ${start}`)
}

function source(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

function rulesOf(path: string) {
  return readRules(source(path))
}

function readRules(text: string) {
  const read = readConfiguration(text, 'pullgate.yaml')
  if (read.status === 'invalid') throw new TypeError(read.problems[0]?.message)
  return read.configuration.customResources
}

import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import t from 'tap'
import { reportFormats } from '../../src/audit/reports/formats.ts'
import { readXml } from './read-xml.ts'
import { runInProcess } from '../support/run-in-process.ts'
import type { InProcessOptions } from '../support/pullgate-process.ts'
import { PASSWORD, realWorldFolder, startRealWorld } from './real-world.ts'

// `pullgate check` as a new user would try it, on a folder of thirty manifests over one scripted registry.

const FORMATS = reportFormats.filter((format) => format !== 'table')

await t.test('thirty real-world manifests, in every format', async (t) => {
  const world = await startRealWorld(t)
  const outputs = FORMATS.flatMap((format) => ['-o', `${format}=${format}.out`])

  const { code, stdout, stderr } = await runInProcess(
    ['check', '--config', world.config, '-f', realWorldFolder, '-o', 'table', ...outputs],
    { cwd: world.directory },
  )

  t.equal(code, 1)
  t.match(stdout, '68 images: 57 allow, 4 warn, 7 deny')
  const denials = [...stdout.matchAll(/^ {2}deny +(\S+): .*\n +\[(\w+)\]/gm)]
  t.same(
    denials.map(([, container, cause]) => `${container} ${cause}`),
    [
      'report RepositoryNotFound',
      'echo InvalidImageName',
      'postgres ImageNotFound',
      'frontend InvalidImageName',
      'assets InvalidImageName',
      'payments CredentialsRejected',
      'web InvalidImageName',
    ],
  )
  t.match(stdout, 'Nearest tags: 16.4-alpine')
  t.match(stdout, 'placeholder ${VERSION}')
  t.match(stderr, /Not judged, since .*Rollout \(argoproj\.io\/v1alpha1\)/)
  t.match(stderr, /not known: the pull secrets ci\/forge-builder-pull/)
  // A refused password is tried without one first, as the anonymous attempt after it is.
  const lines = world.registry.lines().filter((line) => !line.includes('/private/'))
  t.equal(new Set(lines).size, lines.length, 'every distinct look-up once')
  for (const format of FORMATS) {
    const text = await readFile(world.inDirectory(`${format}.out`), 'utf8')
    t.match(text, 'CredentialsRejected', format)
    t.notMatch(text, PASSWORD, format)
    t.notMatch(text, 'out-of-date', format)
  }
  const junit = await readFile(world.inDirectory('junit.out'), 'utf8')
  t.match(readXml(junit).root, { tests: '69', failures: '7', errors: '0' })
  t.equal(junit.match(/<skipped /g)?.length, 1)
})

await t.test('every image has the place where it is written', async (t) => {
  const world = await startRealWorld(t)
  const { stdout } = await runInProcess(
    ['check', '--config', world.config, '-f', '.', '-o', 'json'],
    { cwd: realWorldFolder },
  )
  const { results } = JSON.parse(stdout) as Report
  for (const { images } of results) {
    for (const { image, position } of images) {
      const text = await readFile(join(realWorldFolder, position.file), 'utf8')
      const line = text.split('\n')[position.line - 1] ?? ''
      const rest = line.slice(position.column - 1)
      const written = /^(?:&\w+ |["'])*/.exec(rest)?.[0].length ?? 0
      t.ok(
        rest.slice(written).startsWith(image) || rest.startsWith('image: *'),
        `${image}: ${rest}`,
      )
    }
  }
})

interface Report {
  results: {
    object: { kind: string; name: string; namespace: string }
    images: {
      image: string
      cause: string | null
      position: { file: string; line: number; column: number }
    }[]
  }[]
  problems: { message: string; position: object | null }[]
}

const pod = (image: string, name = 'web'): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\nspec: { containers: [{ name: c, image: '${image}' }] }\n`

const names = (stdout: string): string[] =>
  [...stdout.matchAll(/^Pod default\/(\S+)/gm)].map(([, name = '']) => name)

await t.test('what there is to judge', async (t) => {
  const world = await startRealWorld(t)
  const check = (args: string[], options: InProcessOptions = {}) =>
    runInProcess(['check', '--config', world.config, ...args], {
      cwd: world.directory,
      ...options,
    })
  const at = (name: string): string => world.inDirectory(name)
  await mkdir(at('apps/deep'), { recursive: true })
  await mkdir(at('apps/.hidden'))
  await mkdir(at('empty'))
  await mkdir(at('apps/node_modules'))
  await writeFile(at('apps/deep/b.yaml'), pod('quay.io/b:1', 'b'))
  await writeFile(at('apps/a.yml'), pod('quay.io/a:1', 'a'))
  await writeFile(at('apps/.hidden/h.yaml'), pod('quay.io/h:1', 'h'))
  await writeFile(at('apps/node_modules/n.yaml'), pod('quay.io/n:1', 'n'))
  await writeFile(at('apps/README.md'), 'not a manifest')
  await symlink(at('apps/a.yml'), at('apps/link.yaml'))
  await symlink(at('apps'), at('apps/loop'))

  t.test(
    'folders in the order of names, links to files, and nothing hidden',
    async (t) => {
      const { stdout, code } = await check(['-f', 'apps'])
      t.same(names(stdout), ['a', 'b', 'a'])
      t.equal(code, 0)
    },
  )

  t.test('globs, as -f or not', async (t) => {
    for (const args of [['-f', 'apps/**/*.yaml'], ['apps/**/*.yaml']]) {
      t.same(names((await check(args)).stdout), ['b', 'a'])
    }
    const { code, stderr } = await check(['-f', 'apps/*.toml'])
    t.equal(code, 2)
    t.match(stderr, 'nothing matches apps/*.toml')
  })

  t.test('names of images, beside files', async (t) => {
    const { stdout, code } = await check([
      'quay.io/x:1',
      'apps/a.yml',
      'postgres:16.44-alpine',
    ])
    t.equal(code, 1)
    t.match(stdout, /^Pod default\/a/m)
    t.match(stdout, /^Image quay\.io\/x:1\n {2}allow {2}quay\.io\/x:1$/m)
    t.match(stdout, /^ {2}deny {3}postgres:16\.44-alpine\n +\[ImageNotFound\]/m)
    const { stdout: json } = await check(['quay.io/x:1', '-o', 'json'])
    t.match(JSON.parse(json), {
      results: [
        {
          object: { kind: 'Image', name: 'quay.io/x:1' },
          images: [{ path: '', container: null }],
        },
      ],
    })
  })

  t.test('2 and one line where there is nothing to open', async (t) => {
    const rows: [args: string[], says: RegExp][] = [
      [['./absent.yaml'], /cannot read \.\/absent\.yaml: no such file or folder\n/],
      [['-f', 'absent'], /cannot read absent: no such file or folder\n/],
      [['-f', 'empty'], /^nothing to read in empty: no \.yaml, \.yml or \.json$/m],
      [['-f', '-'], /^standard input is empty$/m],
      [['-f', 'https://x.test/a.yaml'], /takes no URL: curl/],
      [['-o', 'json', '-o', 'yaml', 'x'], /only one -o can go to standard output/],
      [['-o', 'json=', 'x'], /names no file/],
      [
        ['-o', 'json=same', '-o', 'sarif=apps/../same', 'x'],
        /two reports cannot both be written to same$/m,
      ],
      [
        ['-o', 'json=no/x.json', 'x'],
        /cannot write no\/x\.json: there is no folder no$/m,
      ],
      [['-o', 'html=empty', 'x'], /cannot write empty: it is a folder$/m],
      [['--fail-on', 'error', 'x'], /--fail-on takes deny, warn or never/],
      [['--color', 'red', 'x'], /--color takes/],
      [
        ['--baseline', 'apps/a.yml', 'x'],
        /baseline apps\/a\.yml cannot be used: this is no JSON/,
      ],
      [['--kubeconfig', 'absent.conf', 'x'], /absent\.conf/],
    ]
    for (const [args, says] of rows) {
      const { code, stderr } = await check(args)
      t.equal(code, 2, args.join(' '))
      t.match(stderr, says)
    }
  })

  const unspaced = async (...more: string[]): Promise<unknown> => {
    const { stdout } = await check([...more, '-o', 'json', 'unspaced.yaml'])
    return (JSON.parse(stdout) as { results: { object: object }[] }).results[0]?.object
  }

  t.test('with a cluster, the namespace is that of the kubeconfig', async (t) => {
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'a',
      // Nobody listens there, and nothing that is said here needs an answer.
      clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'a', user: {} }],
      contexts: [
        { name: 'a', context: { cluster: 'a', user: 'a', namespace: 'team-b' } },
      ],
    }
    await writeFile(at('kubeconfig'), JSON.stringify(config))
    await writeFile(at('unspaced.yaml'), pod('quay.io/good:1', 'good'))
    t.match(await unspaced('--kubeconfig', 'kubeconfig'), { namespace: 'team-b' })
    t.match(await unspaced('--kubeconfig', 'kubeconfig', '-n', 'shop'), {
      namespace: 'shop',
    })
    t.match(await unspaced(), { namespace: 'default' })
  })

  t.test('broken files hide nothing else', async (t) => {
    await mkdir(at('broken'))
    await writeFile(at('broken/1-good.yaml'), pod('quay.io/good:1', 'good'))
    await writeFile(
      at('broken/2-broken.yaml'),
      `${pod('quay.io/half:1', 'half')}---\nkind: [\n`,
    )
    await writeFile(
      at('broken/3-template.yaml'),
      '{{- if .Values.web }}\nkind: Pod\n{{- end }}\n',
    )
    await writeFile(
      at('broken/4-binary.yaml'),
      Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 0xff]), Buffer.from('{{')]),
    )
    await writeFile(at('broken/5-huge.yaml'), Buffer.alloc(65 * 1024 * 1024, '#'))
    await writeFile(
      at('broken/6-kind.yaml'),
      'apiVersion: apps/v1\nkind: Deploymnet\nmetadata: { name: x }\n',
    )
    await writeFile(
      at('broken/7-shape.yaml'),
      'apiVersion: v1\nkind: Pod\nmetadata: { name: x }\nspec: { containers: 3 }\n',
    )
    await symlink(at('nowhere'), at('broken/8-link.yaml'))

    const { code, stdout, stderr } = await check(['-f', 'broken'])

    t.equal(code, 0)
    t.same(names(stdout), ['good', 'half'])
    const said = [
      /^broken\/2-broken\.yaml:[67]:\d+: /m,
      /^broken\/3-template\.yaml:1:1: this is a template that still holds placeholders.*helm template/m,
      /^broken\/4-binary\.yaml:1:1: this is /m,
      /^cannot read broken\/5-huge\.yaml: it is larger than 64 MiB$/m,
      /^broken\/6-kind\.yaml:2:7: Deploymnet \(apps\/v1\) is no kind of Kubernetes/m,
      /^broken\/7-shape\.yaml:4:21: spec\.containers must be a list, so no image of this object was judged$/m,
      /^cannot read broken\/8-link\.yaml: no such file or folder$/m,
    ]
    for (const line of said) t.match(stderr, line)
  })

  t.test('what a kustomization renders to', async (t) => {
    const path = at('bin')
    await mkdir(path)
    await writeFile(
      join(path, 'kubectl'),
      `#!/bin/sh\n[ "$1 $2" = "kustomize overlay" ] || { echo "error: no $2" >&2; exit 1; }\ncat <<END\n${pod('quay.io/k:1', 'k')}END\n`,
    )
    await chmod(join(path, 'kubectl'), 0o755)
    const env = {
      PATH: [path, '/usr/bin', '/bin', dirname(process.execPath)].join(delimiter),
    }

    const table = await check(['-k', 'overlay'], { env })
    const wrong = await check(['-k', 'other'], { env })
    const without = await check(['-k', 'overlay'], { env: { PATH: at('apps') } })

    t.match(table.stdout, /^Pod default\/k\n.*\(kustomize build overlay:4:\d+\)/)
    t.equal(wrong.code, 2)
    t.match(wrong.stderr, 'cannot render other: error: no other')
    t.equal(without.code, 2)
    t.match(without.stderr, 'needs kubectl on the PATH')
  })

  t.test('a baseline and a threshold decide what fails', async (t) => {
    const run = (...args: string[]) => check(['postgres:16.44-alpine', ...args])
    const first = await run('-o', 'json=before.json')
    const again = await run('--baseline', 'before.json')
    const more = await check([
      'postgres:16.44-alpine',
      'data/x-gone:1',
      '--baseline',
      'before.json',
    ])
    const never = await run('--fail-on', 'never')

    t.same([first.code, again.code, more.code, never.code], [1, 0, 1, 0])
    t.match(again.stdout, '(in the baseline)')
  })

  t.test('a report that cannot be written costs no other', async (t) => {
    // Every write to it fails, as to a full disk.
    const full = ['-o', 'yaml=/dev/full', '-o', 'json=written.json']
    const { code, stderr } = await check(['apps/a.yml', ...full])

    t.equal(code, 2)
    t.match(stderr, /^cannot write \/dev\/full: no space is left$/m)
    t.match(JSON.parse(await readFile(at('written.json'), 'utf8')), {
      summary: { images: 1 },
    })
  })

  t.test('colours and width are those of the terminal', async (t) => {
    const rows: [args: string[], options: InProcessOptions, painted: boolean][] = [
      [[], {}, false],
      [[], { terminal: 60 }, true],
      [[], { terminal: 60, env: { NO_COLOR: '1' } }, false],
      [[], { terminal: 60, env: { NO_COLOR: '' } }, true],
      [[], { env: { FORCE_COLOR: '1' } }, true],
      [[], { terminal: 60, env: { FORCE_COLOR: '0' } }, false],
      [[], { terminal: 60, env: { FORCE_COLOR: '1', NO_COLOR: '1' } }, false],
      [['--color', 'never'], { env: { FORCE_COLOR: '1' } }, false],
      [['--color', 'always'], {}, true],
      [['--color', 'never'], { terminal: 60 }, false],
    ]
    for (const [args, options, painted] of rows) {
      const { stdout } = await check(['quay.io/A:1', ...args], options)
      t.equal(stdout.includes('\u001b[31m'), painted, JSON.stringify([args, options]))
      t.equal(
        /repository name.*\n? {9}\S/.test(stdout),
        options.terminal === 60 || stdout.includes('Did'),
      )
    }
  })
})

await t.test(
  'an interrupted run says so, shows what is known, and ends with 2',
  async (t) => {
    const world = await startRealWorld(t)
    const interruption = new AbortController()
    interruption.abort()
    const { code, stderr } = await runInProcess(
      ['check', '--config', world.config, 'quay.io/slow:1'],
      { signal: interruption.signal },
    )
    t.equal(code, 2)
    t.match(stderr, 'interrupted: 0 of 1 objects were judged')
  },
)

await t.test('a thousand objects share their look-ups', async (t) => {
  const world = await startRealWorld(t)
  const documents = Array.from(
    { length: 1000 },
    (_, each) =>
      `---\napiVersion: v1\nkind: Pod\nmetadata: { name: p-${each}, namespace: ns-${each % 7} }\nspec: { containers: [{ name: c, image: 'quay.io/team/app-${each % 50}:${each % 50 === 0 ? '16.44-alpine' : '1'}' }] }\n`,
  )
  const { stdout } = await runInProcess(['check', '--config', world.config, '-f', '-'], {
    input: documents.join(''),
  })
  t.match(stdout, '1000 images: 980 allow, 0 warn, 20 deny')
  const lines = world.registry.lines()
  t.equal(new Set(lines).size, lines.length)
  t.equal(lines.filter((line) => line.startsWith('HEAD')).length, 50)
})

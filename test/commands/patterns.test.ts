import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { findManifests } from '../../src/commands/inputs/find-manifests.ts'

// What a pattern finds: each thing once, in the order of a folder, and what folders pass over only where it is named.

async function found(pattern: string, cwd: string): Promise<string[]> {
  const entries: string[] = []
  for await (const entry of findManifests(pattern, cwd)) {
    entries.push('problem' in entry ? entry.problem : entry.shown)
  }
  return entries
}

t.test('what is passed over, and in which order the rest comes', async (t) => {
  const file = 'a: 1\n'
  const cwd = t.testdir({
    k8s: {
      '.cache': { 'c.yaml': file },
      '.hidden.yaml': file,
      a: { 'z.yaml': file, node_modules: { 'n.yaml': file } },
      'a.yaml': file,
      node_modules: { x: { 'n.yaml': file, node_modules: { 'm.yaml': file } } },
      'README.md': 'no manifest',
      'z.yml': file,
    },
  })
  await symlink(join(cwd, 'nowhere'), join(cwd, 'k8s/gone.yaml'))
  await mkdir(join(cwd, 'k8s/link'))
  await symlink(join(cwd, 'k8s/a'), join(cwd, 'k8s/link/a'))

  const gone = 'cannot read k8s/gone.yaml: no such file or folder'
  const all = ['k8s/a/z.yaml', 'k8s/a.yaml', gone, 'k8s/z.yml']
  const rows: [pattern: string, finds: string[]][] = [
    ['k8s', all],
    ['k8s/**', all],
    ['**', all],
    ['./**/', all],
    ['k*', all],
    ['**/*.y*ml', all],
    ['k8s/*/*.yaml', ['k8s/a/z.yaml']],
    ['k8s/node_modules/*/*.yaml', ['k8s/node_modules/x/n.yaml']],
    ['k8s/node_modules/**/*.yaml', ['k8s/node_modules/x/n.yaml']],
    ['k8s/{a,node_modules}/**', ['k8s/a/z.yaml', 'k8s/node_modules/x/n.yaml']],
    [
      'k8s/**/node_modules/**/n.yaml',
      ['k8s/a/node_modules/n.yaml', 'k8s/node_modules/x/n.yaml'],
    ],
    ['k8s/.c*/*', ['k8s/.cache/c.yaml']],
    ['k8s/node_mod*/x/*.yaml', ['nothing matches k8s/node_mod*/x/*.yaml']],
  ]
  for (const [pattern, finds] of rows) t.same(await found(pattern, cwd), finds, pattern)
})

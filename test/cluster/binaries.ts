import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../support/missing-parts.ts'

/** The programs of a control plane, and the package of go.mod that each is built from. */
const packages = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
} as const

type Program = keyof typeof packages

export type Binaries = Readonly<Record<Program, string>> & { version: string }

export interface FindOptions {
  env: Readonly<Record<string, string | undefined>>
  /** Told what takes minutes. */
  log: (line: string) => void
}

const FOLDER = import.meta.dirname
/** From 1.21 on, go fetches the version that go.mod names. */
const GO_MISSING =
  'needs Go 1.21 or later to build Kubernetes once: apt-get install golang-go (of Debian 12: golang-go from bookworm-backports)'

/**
 * Every program, from KUBEBUILDER_ASSETS (the folder that `setup-envtest use -p path` prints) as far as it holds them, else
 * built from go.mod into the cache, outside of the tree. `missing` is one line that says what to install.
 */
export async function findBinaries(
  options: FindOptions,
): Promise<Binaries | { missing: string }> {
  const { version, folder } = cacheFolder(options.env)
  const assets = options.env.KUBEBUILDER_ASSETS ?? ''
  const paths = new Map<Program, string>()
  const wanted: Program[] = []
  for (const program of programs()) {
    const given = join(assets, program)
    const built = join(folder, program)
    if (assets !== '' && existsSync(given)) paths.set(program, given)
    else if (existsSync(built)) paths.set(program, built)
    else wanted.push(program)
  }
  if (wanted.length > 0) {
    const problem = await build(wanted, { version, folder }, options)
    if (problem !== null) return { missing: problem }
  }
  const path = (program: Program): string => paths.get(program) ?? join(folder, program)
  return {
    version,
    etcd: path('etcd'),
    'kube-apiserver': path('kube-apiserver'),
    'kube-controller-manager': path('kube-controller-manager'),
    kubectl: path('kubectl'),
  }
}

interface Cache {
  version: string
  folder: string
}

/** One folder for each state of go.sum, so that a changed dependency is built anew. */
function cacheFolder(env: FindOptions['env']): Cache {
  const goMod = readFileSync(join(FOLDER, 'go.mod'), 'utf8')
  const version = /k8s\.io\/kubernetes (v[\d.]+)/.exec(goMod)?.[1] ?? 'v0.0.0'
  const goSum = readFileSync(join(FOLDER, 'go.sum'))
  const key = createHash('sha256').update(goSum).digest('hex').slice(0, 12)
  const cache = env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  return { version, folder: join(cache, 'pullgate', `kubernetes-${version}`, key) }
}

/** Null when all are there. */
async function build(
  wanted: readonly Program[],
  { version, folder }: Cache,
  { env, log }: FindOptions,
): Promise<string | null> {
  const go = findProgram('go') ?? '/usr/local/go/bin/go'
  if (!existsSync(go)) return GO_MISSING
  log(`builds ${wanted.join(', ')} ${version}: about ten minutes on two cores, once`)
  const startedMs = performance.now()
  await mkdir(folder, { recursive: true })
  // Renamed at the end: an interrupted build leaves nothing that looks like a program.
  const made = await mkdtemp(join(folder, 'building-'))
  const { code, stderr } = await run(
    go,
    [
      'build',
      '-trimpath',
      '-ldflags',
      ldflags(version),
      '-o',
      `${made}/`,
      ...wanted.map((program) => packages[program]),
    ],
    {
      ...env,
      CGO_ENABLED: '0',
      GOFLAGS: '-buildvcs=false',
    },
  )
  if (code === 0)
    for (const program of wanted)
      await rename(builtName(made, program), join(folder, program))
  await rm(made, { recursive: true, force: true })
  if (code !== 0)
    return `cannot build Kubernetes ${version}: ${stderr.trim().split('\n').at(-1) ?? ''}`
  log(`built in ${Math.round((performance.now() - startedMs) / 1000)} s: ${folder}`)
  return null
}

/** `go build` names a program for the last part of its path that is no version. */
function builtName(folder: string, program: Program): string {
  return join(folder, program === 'etcd' ? 'server' : program)
}

/** As the releases do; kube-apiserver does not start without a version. */
function ldflags(version: string): string {
  const [major = '', minor = ''] = version.slice(1).split('.')
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor }
  const settings = Object.entries(values).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  )
  return ['-s', '-w', ...settings].join(' ')
}

function run(
  program: string,
  args: readonly string[],
  env: FindOptions['env'],
): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: FOLDER,
      env: { ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stderr }))
  })
}

function programs(): Program[] {
  return ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl']
}

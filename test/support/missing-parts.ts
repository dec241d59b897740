import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Test } from 'tap'

/** Programs of the distribution that some tests run, and Debian's packages of them. A test names the part, never a program. */
const parts = {
  'docker-registry': {
    programs: ['docker-registry', 'htpasswd'],
    packages: ['docker-registry', 'apache2-utils'],
  },
  containerd: { programs: ['containerd', 'runc'], packages: ['containerd', 'runc'] },
  skopeo: { programs: ['skopeo'], packages: ['skopeo'] },
  faketime: { programs: ['faketime'], packages: ['faketime'] },
  chromium: { programs: ['chromium'], packages: ['chromium'] },
  xmllint: { programs: ['xmllint'], packages: ['libxml2-utils'] },
  git: { programs: ['git'], packages: ['git'] },
  promtool: { programs: ['promtool'], packages: ['prometheus'] },
  'cmark-gfm': { programs: ['cmark-gfm'], packages: ['cmark-gfm'] },
} as const satisfies Record<
  string,
  { programs: readonly string[]; packages: readonly string[] }
>

export type Part = keyof typeof parts

/** The absolute path of a program, or null when this machine has none. */
export function findProgram(name: string): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter)
  for (const folder of folders.filter((each) => each !== '')) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder: the next one.
    }
  }
  return null
}

/** Null when the part is there, else one line that says what is missing and how to install it. */
export function whyMissing(part: Part): string | null {
  const { programs, packages } = parts[part]
  const missing = programs.filter((program) => findProgram(program) === null)
  if (missing.length === 0) return null
  return `needs ${missing.join(' and ')}: apt-get install ${packages.join(' ')}`
}

/** The packages of every part that is missing; .ci/run installs them. */
export function missingPackages(): string[] {
  return Object.values(parts)
    .filter(({ programs }) => programs.some((program) => findProgram(program) === null))
    .flatMap(({ packages }) => packages)
}

/** Said once by a file, however many of its suites need the parts. */
const told = new Set<string>()

/**
 * Runs `body` when the machine has the parts. Otherwise the file counts as skipped, with one line that says how to install
 * them; with PULLGATE_REQUIRE_PARTS=1, which .ci/run sets, it fails instead. `file` is the test file's import.meta.filename.
 */
export async function withParts(
  t: Test,
  { file, needs }: { file: string; needs: readonly Part[] },
  body: () => void | Promise<void>,
): Promise<void> {
  const reasons = needs.map(whyMissing).filter((reason) => reason !== null)
  if (reasons.length === 0) return body()
  const line = `${file.slice(file.lastIndexOf('test/'))} ${reasons.join('; ')}`
  if (process.env.PULLGATE_REQUIRE_PARTS === '1') {
    t.fail(line)
    return
  }
  if (!told.has(line)) process.stderr.write(`skipped: ${line}\n`)
  told.add(line)
  t.plan(0, line)
}

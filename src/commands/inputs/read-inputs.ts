import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { AuditProblem } from '../../audit/audit-result.ts'
import type { ManifestInput } from '../../audit/collect-manifests.ts'
import { RENDERED } from '../../audit/reports/rows.ts'
import { printable } from '../../text/printable.ts'
import { shownUrl, withoutUrlSecrets } from '../../text/url-secrets.ts'
import type { Io } from '../io.ts'
import { openToRead, readBounded } from '../pipes.ts'
import { findManifests, reasonOf } from './find-manifests.ts'
import type { FoundFile } from './find-manifests.ts'
import { renderKustomization } from './render-kustomization.ts'

/** Where manifests come from, in the order of the command line. */
export type Source =
  | { kind: 'files'; name: string }
  | { kind: 'stdin' }
  | { kind: 'kustomization'; directory: string }

export type InputOrProblem = ManifestInput | AuditProblem

/** Of one file or stream: more is no manifest that anyone wrote, and would take gigabytes to parse. */
export const MAX_INPUT_BYTES = 64 * 1024 * 1024

/** Reads one input after the other, so that only one is in memory. What cannot be read is a problem, and the rest is read. */
export async function* readInputs(
  sources: readonly Source[],
  io: Io,
): AsyncGenerator<InputOrProblem> {
  for (const source of sources) {
    if (io.signal.aborted) return
    if (source.kind === 'stdin') yield asNamed(await readStdin(io))
    else if (source.kind === 'kustomization')
      yield asNamed(await rendered(source.directory, io))
    else yield* readFiles(source.name, io)
  }
}

async function* readFiles(name: string, io: Io): AsyncGenerator<InputOrProblem> {
  for await (const found of findManifests(name, io.cwd)) {
    if (io.signal.aborted) return
    if ('problem' in found) yield problem(found.problem)
    else if (found.bytes > MAX_INPUT_BYTES) yield tooLarge(found.shown)
    else yield asNamed(await readFound(found, io), found.isNamed === true)
  }
}

function asNamed(read: InputOrProblem, isNamed = true): InputOrProblem {
  return 'content' in read ? { ...read, isNamed } : read
}

async function readFound(found: FoundFile, { signal }: Io): Promise<InputOrProblem> {
  const { shown, path, isRegular } = found
  if (!isRegular) return readStream(shown, () => openToRead(path), signal)
  return readFile(path).then(
    (content): InputOrProblem => ({ file: shown, content }),
    (error: unknown) => problem(`cannot read ${shown}: ${reasonOf(error)}`),
  )
}

async function readStdin({ stdin, signal }: Io): Promise<InputOrProblem> {
  const read = await readStream('standard input', async () => stdin, signal)
  return 'file' in read ? { ...read, file: '-' } : read
}

async function readStream(
  shown: string,
  open: () => Promise<Readable>,
  signal: AbortSignal,
): Promise<InputOrProblem> {
  try {
    const content = await readBounded(await open(), MAX_INPUT_BYTES, signal)
    if (content === null) return tooLarge(shown)
    // Whatever was to render it has failed, most likely.
    if (content.length === 0) return problem(`${shown} is empty`)
    return { file: shown, content }
  } catch (error) {
    if (signal.aborted) return problem(`interrupted while reading ${shown}`)
    return problem(`cannot read ${shown}: ${reasonOf(error)}`)
  }
}

async function rendered(directory: string, io: Io): Promise<InputOrProblem> {
  const { cwd, env, signal } = io
  try {
    const content = await renderKustomization(directory, {
      cwd,
      env,
      signal,
      maxBytes: MAX_INPUT_BYTES,
    })
    return { file: `${RENDERED}${shownUrl(directory)}`, content }
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error))
  }
}

function tooLarge(name: string): AuditProblem {
  return problem(
    `cannot read ${name}: it is larger than ${MAX_INPUT_BYTES / 1024 / 1024} MiB`,
  )
}

function problem(message: string): AuditProblem {
  return { message: printable(withoutUrlSecrets(message)), position: null }
}

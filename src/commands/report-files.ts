import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { UsageError } from './io.ts'

/** Asks for the folders of reports before anything is judged: nobody should wait for a report that has no place. Throws UsageError. */
export async function requirePlaces(
  files: readonly string[],
  cwd: string,
): Promise<void> {
  const taken = new Map<string, string>()
  for (const file of files) {
    const path = resolve(cwd, file)
    const other = taken.get(path)
    if (other !== undefined)
      throw new UsageError(`two reports cannot both be written to ${other}`)
    taken.set(path, file)
    if (await isFolder(path)) throw new UsageError(`cannot write ${file}: it is a folder`)
    if (!(await isFolder(dirname(path))))
      throw new UsageError(`cannot write ${file}: there is no folder ${dirname(file)}`)
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

import { readFile } from 'node:fs/promises'

import { readDocuments } from '../yaml/read-documents.ts'
import { readKubernetesObjects, type KubernetesObject } from './kubernetes-object.ts'
import { whyUnread, listManifestFiles, MAX_FILE_BYTES } from './manifest-files.ts'
import type { FolderProblem } from './standalone-folder.ts'

/**
 * Every object of a folder of manifests, read once. A file that cannot be read or parsed is a problem, and the others count.
 * Rejects when the directory itself cannot be read.
 */
export async function readFolder(
  directory: string,
): Promise<{ objects: KubernetesObject[]; problems: FolderProblem[] }> {
  const listed = await listManifestFiles(directory)
  const objects: KubernetesObject[] = []
  const problems: FolderProblem[] = listed.problems.map((problem) => ({
    ...problem,
    line: null,
  }))
  for (const { path, bytes } of listed.files) {
    if (bytes > MAX_FILE_BYTES) {
      problems.push({ file: path, line: null, message: 'too large' })
      continue
    }
    const content = await readFile(path).catch((error: unknown) => whyUnread(error))
    if (typeof content === 'string') {
      problems.push({ file: path, line: null, message: content })
      continue
    }
    const { documents, errors } = readDocuments(content, { maxBytes: MAX_FILE_BYTES })
    for (const { line, message } of errors) problems.push({ file: path, line, message })
    for (const { value } of documents) objects.push(...readKubernetesObjects(value))
  }
  return { objects, problems }
}

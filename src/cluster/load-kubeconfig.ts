import { readFileSync } from 'node:fs'
import { delimiter, dirname } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'

import { errorCode } from '../text/error-code.ts'
import { printable } from '../text/printable.ts'
import { systemTrouble } from '../text/system-trouble.ts'
import { readDocuments } from '../yaml/read-documents.ts'
import { ClusterNotConfigured } from './api-access.ts'

export interface LoadKubeconfigOptions {
  /** Null for those of KUBECONFIG, ~/.kube/config or the Pod's own service account, in this order. */
  kubeconfig: string | null
  /** Where KUBECONFIG is looked for; absent: client-node looks at the process's own. */
  env?: Readonly<Record<string, string | undefined>>
}

/**
 * The kubeconfig as kubectl finds it. Throws ClusterNotConfigured, whose message quotes nothing of a file: a token may stand in
 * any line of it, and client-node's own errors show the lines around a mistake.
 */
export async function loadKubeconfig({
  kubeconfig,
  env = {},
}: LoadKubeconfigOptions): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  class ToldKubeConfig extends KubeConfig {
    override loadFromFile(file: string): void {
      const text = textOf(file)
      try {
        this.loadFromString(text)
      } catch (error) {
        throw troubleWith(file, whatIsWrong(text, error))
      }
      this.makePathsAbsolute(dirname(file))
    }
  }
  const config = new ToldKubeConfig()
  const named = (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
  const files = kubeconfig === null ? named : [kubeconfig]
  for (const file of files) {
    const next = new ToldKubeConfig()
    next.loadFromFile(file)
    merge(config, next, file)
  }
  if (files.length === 0) loadDefault(config)
  return config
}

function loadDefault(config: KubeConfig): void {
  try {
    config.loadFromDefault()
  } catch (error) {
    if (error instanceof ClusterNotConfigured) throw error
    throw new ClusterNotConfigured('a file of KUBECONFIG is not understood')
  }
}

/** The first file that names a current context decides, as for kubectl. */
function merge(config: KubeConfig, next: KubeConfig, file: string): void {
  try {
    config.mergeConfig(next, Boolean(config.getCurrentContext()))
  } catch {
    throw troubleWith(
      file,
      'has a cluster, user or context of a name that was there before',
    )
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw troubleWith(file, `cannot be read: ${systemTrouble(error)}`)
  }
}

function troubleWith(file: string, what: string): ClusterNotConfigured {
  return new ClusterNotConfigured(`the kubeconfig ${file} ${what}`)
}

function whatIsWrong(text: string, error: unknown): string {
  if (errorCode(error) !== null)
    return `names a token-file that cannot be read: ${systemTrouble(error)}`
  const { documents, errors } = readDocuments(text)
  const [broken] = errors
  if (broken !== undefined) {
    const { line, column, message } = broken
    return `cannot be read: line ${line}, column ${column}: ${message}`
  }
  const [, second] = documents
  if (second !== undefined)
    return `holds more than one document: the second is at line ${second.line}, column ${second.column}`
  if (documents.length === 0) return 'is empty'
  const missing = error instanceof Error && ABSENT.test(error.message)
  return missing ? `is not complete: ${printable(error.message)}` : 'is not understood'
}

/** What client-node says of a field that is not there, such as `clusters[0].cluster.server is missing`. */
const ABSENT = /^[a-z]+\[\d+\](?:\.[a-z]+)+ is missing$/

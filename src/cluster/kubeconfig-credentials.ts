import { spawn, type ChildProcess } from 'node:child_process'
import type { RequestOptions } from 'node:https'
import { basename } from 'node:path'
import type { KubeConfig, User } from '@kubernetes/client-node'

import { fieldsOrEmpty, textOrEmpty } from './lenient-fields.ts'
import { errorCode } from '../text/error-code.ts'
import { printable } from '../text/printable.ts'
import { systemTrouble } from '../text/system-trouble.ts'
import { CredentialsUnreadable, type ApiCredentials } from './api-access.ts'

/** The credentials of the current context at this moment. Throws CredentialsUnreadable. */
export function kubeconfigCredentials(config: KubeConfig): () => Promise<ApiCredentials> {
  const exitCode = watchExitCodes(config)
  return async () => {
    const options: RequestOptions = {}
    try {
      await config.applyToHTTPSOptions(options)
    } catch (error) {
      throw new CredentialsUnreadable(whatFailed(config, error, exitCode()))
    }
    return toCredentials(options)
  }
}

/** client-node keeps what a plugin wrote, which may be a secret, and forgets how it ended: only its spawn shows that. */
function watchExitCodes(config: KubeConfig): () => number | null {
  let last: number | null = null
  const watched = (...args: Parameters<typeof spawn>): ChildProcess => {
    const child = spawn(...args)
    child.on('exit', (code) => {
      last = code
    })
    return child
  }
  const authenticators: unknown = Reflect.get(config, 'authenticators')
  for (const each of Array.isArray(authenticators) ? authenticators : []) {
    if (typeof each === 'object' && each !== null && 'execFn' in each)
      each.execFn = watched
  }
  return () => last
}

/** Names of programs and fields, never a value: a key may stand where a path should. */
function whatFailed(config: KubeConfig, error: unknown, exitCode: number | null): string {
  const user = config.getCurrentUser()
  const code = errorCode(error)
  const plugin = pluginOf(user)
  const path: unknown = error instanceof Error && 'path' in error ? error.path : null
  if (plugin !== null && (code === null || path === plugin)) {
    const name = `the credential plugin ${printable(basename(plugin), 100)}`
    if (code === 'ENOENT') return `${name} does not exist`
    if (code !== null) return `${name} could not be started: ${systemTrouble(error)}`
    return exitCode === 0
      ? `${name} gave no credentials that can be read`
      : `${name} failed${exitCode === null ? '' : ` with exit code ${exitCode}`}`
  }
  const files: Record<string, unknown> = {
    'client-certificate': user?.certFile,
    'client-key': user?.keyFile,
    'certificate-authority': config.getCurrentCluster()?.caFile,
    tokenFile: fieldsOrEmpty(fieldsOrEmpty(user?.authProvider).config).tokenFile,
  }
  const field = Object.keys(files).find((name) => path !== null && files[name] === path)
  if (field !== undefined)
    return `the file of ${field} cannot be read: ${systemTrouble(error)}`
  return `no credentials: ${code ?? (error instanceof Error ? error.name : 'unknown error')}`
}

function pluginOf(user: User | null): string | null {
  const { exec } = fieldsOrEmpty(fieldsOrEmpty(user?.authProvider).config)
  const { command } = fieldsOrEmpty(user?.exec ?? exec)
  return textOrEmpty(command) || null
}

function toCredentials(options: RequestOptions): ApiCredentials {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (typeof value === 'string') headers[name] = value
  }
  if (typeof options.auth === 'string') {
    headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`
  }
  const tls: ApiCredentials['tls'] = {}
  for (const field of ['ca', 'cert', 'key'] as const) {
    const pem = options[field]
    if (typeof pem === 'string' || Buffer.isBuffer(pem)) tls[field] = pem.toString()
  }
  if (options.servername !== undefined) tls.servername = options.servername
  if (options.rejectUnauthorized === false) tls.rejectUnauthorized = false
  return { headers, tls }
}

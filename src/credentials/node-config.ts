import { decodeDockerConfigJson, type DockerConfigEntry } from './docker-config.ts'
import { buildKeyring, type Keyring } from './keyring.ts'
import { PullSecretMalformed } from './pull-secret-malformed.ts'
import { errorCode } from '../text/error-code.ts'
import { printable } from '../text/printable.ts'

export type NodeConfigReading =
  | { status: 'usable'; entries: DockerConfigEntry[]; keyring: Keyring }
  /** The kubelet goes on without the file, too. `problem` says what is wrong and quotes nothing of it. */
  | { status: 'unusable'; problem: string }

/**
 * The docker config.json that the nodes hold (`/var/lib/kubelet/config.json`), as an operator hands it to us. `readFile`
 * gives the text or throws. A keyring of its own, evaluated after that of the pull secrets (pull-semantics 3.4).
 */
export async function readNodeConfig(
  file: string,
  readFile: (file: string) => Promise<string>,
): Promise<NodeConfigReading> {
  const name = printable(file)
  try {
    const { entries } = decodeDockerConfigJson(await readFile(file))
    const source = { kind: 'node-config', source: name, entries } as const
    return { status: 'usable', entries, keyring: buildKeyring([source]) }
  } catch (error) {
    const reason =
      error instanceof PullSecretMalformed
        ? error.message
        : `cannot be read${code(error)}`
    return { status: 'unusable', problem: `docker config ${name}: ${reason}` }
  }
}

/** The code of a file error, such as ENOENT; its message could be anything. */
function code(error: unknown): string {
  const known = errorCode(error)
  return known === null ? '' : ` (${printable(known, 40)})`
}

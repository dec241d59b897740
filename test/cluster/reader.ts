import { parseAllDocuments } from 'yaml'
import { codeBlocks, readDocument } from '../docs/markdown.ts'
import type { ControlPlane } from './control-plane.ts'
import { mustRun } from './release.ts'

/** The ClusterRoles that docs/audit.md gives to whoever runs a command. */
export type DocumentedRole = 'pullgate-audit' | 'pullgate-check'

/** The kubeconfig of one who may do what docs/audit.md says, and nothing else. `namespace` is that of its context. */
export async function readerOf(
  plane: ControlPlane,
  role: DocumentedRole,
  namespace?: string,
): Promise<string> {
  const subject = ['-n', 'default', role]
  await mustRun(plane, ['create', '-f', '-'], documentedRole(role))
  await mustRun(plane, ['create', 'serviceaccount', ...subject])
  const account = `--serviceaccount=default:${role}`
  const binding = ['create', 'clusterrolebinding', role, `--clusterrole=${role}`, account]
  await mustRun(plane, binding)
  const { stdout } = await mustRun(plane, ['create', 'token', ...subject])
  return plane.writeKubeconfig(role, stdout.trim(), namespace)
}

function documentedRole(role: DocumentedRole): string {
  const { text } = readDocument('docs/audit.md')
  for (const { language, code } of codeBlocks(text)) {
    if (language !== 'yaml') continue
    const [document] = parseAllDocuments(code)
    if (document?.getIn(['metadata', 'name']) === role) return code
  }
  throw new Error(`docs/audit.md has no ClusterRole ${role}`)
}

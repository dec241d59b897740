import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiAccess } from '../cluster/api-access.ts'
import { createApiClient } from '../cluster/api-client.ts'
import type { Patience } from '../cluster/api-patience.ts'
import { kubernetesApiFacts } from '../cluster/kubernetes-api.ts'
import { loadApiAccess } from '../cluster/load-api-access.ts'
import {
  apiObjectLister,
  memoryObjectLister,
  type ObjectLister,
} from '../cluster/object-lister.ts'
import { createObjectStore, objectStoreFacts } from '../cluster/object-store.ts'
import { readFolder } from '../cluster/read-folder.ts'
import { rememberFacts } from '../cluster/remember-facts.ts'
import type { AuditProblem } from '../audit/audit-result.ts'
import type { ClusterFacts } from '../prediction/cluster-facts.ts'
import { systemTrouble } from '../text/system-trouble.ts'
import { UsageError, type Io } from './io.ts'

/** What commands that look into a cluster take, for parseArgs. */
export const clusterArguments = {
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  standalone: { type: 'string' },
} as const

/** The same for the help text. */
export const clusterHelp = `      --kubeconfig FILE the cluster to look at (default: as kubectl)
      --context NAME    of the kubeconfig (default: the current one)
      --standalone DIR  a folder of manifests in the place of a cluster`

export interface ClusterArguments {
  kubeconfig?: string | undefined
  context?: string | undefined
  standalone?: string | undefined
}

/** A cluster as one run of a report sees it: each fact is asked for once. */
export interface OpenCluster {
  facts: ClusterFacts
  lister: ObjectLister
  /** The namespace of the kubeconfig's context; `default` where it names none. */
  namespace: string
  problems: AuditProblem[]
  close(): Promise<void>
}

/** A page of 500 objects may take an API server some seconds. */
const API_TIMEOUT_MS = 60_000

/** Throws ClusterNotConfigured when there is no cluster, and UsageError where the folder cannot be read. */
export async function openCluster(
  { kubeconfig, context, standalone }: ClusterArguments,
  { secrets, io }: { secrets: 'get' | 'none'; io: Pick<Io, 'cwd' | 'env' | 'signal'> },
): Promise<OpenCluster> {
  if (standalone !== undefined) {
    const { objects, problems } = await readFolder(resolve(io.cwd, standalone)).catch(
      (error: unknown) => {
        throw new UsageError(
          `--standalone ${standalone} cannot be read: ${systemTrouble(error)}`,
        )
      },
    )
    const facts = objectStoreFacts(createObjectStore(objects), {
      complete: true,
      mayNameNamespaces: true,
    })
    return {
      facts: rememberFacts(facts, now),
      lister: memoryObjectLister(objects),
      namespace: 'default',
      problems: problems.map(({ file, line, message }) => ({
        message: line === null ? `${file}: ${message}` : message,
        position: line === null ? null : { file, line, column: 1 },
      })),
      close: async () => {},
    }
  }
  const access = await clusterAccess({ kubeconfig, context }, io)
  const client = createApiClient({
    access,
    timeoutMs: API_TIMEOUT_MS,
    patience: patienceUntil(io.signal),
  })
  const facts = kubernetesApiFacts({ client, secrets, mayListSecrets: true, now })
  return {
    facts: rememberFacts(facts, now),
    lister: apiObjectLister(client),
    namespace: access.namespace ?? 'default',
    problems: [],
    close: () => client.close(),
  }
}

/** The API server that the options name, else kubectl's. Throws ClusterNotConfigured when there is none. */
export function clusterAccess(
  { kubeconfig, context }: Pick<ClusterArguments, 'kubeconfig' | 'context'>,
  { cwd, env }: Pick<Io, 'cwd' | 'env'>,
): Promise<ApiAccess> {
  return loadApiAccess({
    env,
    kubeconfig: kubeconfig === undefined ? null : resolve(cwd, kubeconfig),
    context: context ?? null,
  })
}

/** Of a report, which can wait where an admission cannot. */
export function patienceUntil(signal: AbortSignal): Patience {
  return {
    signal,
    wait: (ms, until) => sleep(ms, undefined, { signal: until }).catch(() => {}),
  }
}

/** Milliseconds of a clock that never goes back. */
function now(): number {
  return performance.now()
}

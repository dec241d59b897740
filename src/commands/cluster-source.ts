import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiAccess } from '../cluster/api-access.ts'
import { createApiClient } from '../cluster/api-client.ts'
import type { ApiClient, ApiClientOptions } from '../cluster/api-client.ts'
import { folderFacts } from '../cluster/folder-facts.ts'
import { kubernetesApiFacts } from '../cluster/kubernetes-api.ts'
import { loadApiAccess, type LoadApiAccessOptions } from '../cluster/load-api-access.ts'
import { openStandaloneFolder } from '../cluster/standalone-folder.ts'
import type { FolderProblem } from '../cluster/standalone-folder.ts'
import type { ClusterFacts } from '../prediction/cluster-facts.ts'
import { systemTrouble } from '../text/system-trouble.ts'

export interface ClusterSourceOptions {
  /** A folder of manifests that stands for the cluster; null for the real API. */
  standalone: string | null
  kubeconfig: string | null
  context: string | null
  onFolderProblem: (problem: FolderProblem) => void
  /** A client that is there already, so that all calls share one pool; absent: one is made. */
  api?: ApiClient
  /** For a process that runs for long: Nodes and mutating webhooks are watched until the signal fires. */
  watch?: boolean
  signal: AbortSignal
}

const FOLDER_INTERVAL_MS = 1_000
const API_TIMEOUT_MS = 3_000

/** The cluster that is asked, or the folder that stands for it. The calls of an API client end with the process. */
export async function openClusterSource(
  options: ClusterSourceOptions,
): Promise<ClusterFacts> {
  if (options.standalone !== null) {
    const directory = options.standalone
    const folder = await openStandaloneFolder({
      directory,
      onProblem: options.onFolderProblem,
      intervalMs: FOLDER_INTERVAL_MS,
      signal: options.signal,
    }).catch((error: unknown) => {
      const reason = systemTrouble(error)
      throw new Error(`--standalone ${directory} cannot be read: ${reason}`, {
        cause: error,
      })
    })
    return folderFacts(folder)
  }
  return kubernetesApiFacts({
    client: options.api ?? (await openApi(options)),
    // `secrets: none` is a matter of the configuration, which may change: the engine keeps it.
    secrets: 'get',
    mayListSecrets: false,
    now: () => performance.now(),
    watch: options.watch === true ? { ...watching, signal: options.signal } : null,
  })
}

const watching = {
  random: Math.random,
  // Aborted: whoever waits looks at the signal next.
  wait: (ms: number, signal: AbortSignal): Promise<void> =>
    sleep(ms, undefined, { signal, ref: false }).catch(() => {}),
}

/** A client of the cluster's API server. Throws ClusterNotConfigured when there is none. */
export async function openApi(options: LoadApiAccessOptions): Promise<ApiClient> {
  return apiClientOf(await loadApiAccess(options))
}

/** The same where it is known already how to reach it. */
export function apiClientOf(
  access: ApiAccess,
  more: Pick<ApiClientOptions, 'patience'> = {},
): ApiClient {
  return createApiClient({ access, timeoutMs: API_TIMEOUT_MS, ...more })
}

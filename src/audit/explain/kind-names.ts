import type { ListedKind } from '../../cluster/object-lister.ts'

const POD: ListedKind = { apiVersion: 'v1', kind: 'Pod' }
const DEPLOYMENT: ListedKind = { apiVersion: 'apps/v1', kind: 'Deployment' }
const STATEFUL_SET: ListedKind = { apiVersion: 'apps/v1', kind: 'StatefulSet' }
const DAEMON_SET: ListedKind = { apiVersion: 'apps/v1', kind: 'DaemonSet' }
const REPLICA_SET: ListedKind = { apiVersion: 'apps/v1', kind: 'ReplicaSet' }
const JOB: ListedKind = { apiVersion: 'batch/v1', kind: 'Job' }
const CRON_JOB: ListedKind = { apiVersion: 'batch/v1', kind: 'CronJob' }
const CONTROLLER: ListedKind = { apiVersion: 'v1', kind: 'ReplicationController' }

/** As kubectl takes them: singular, plural and short. */
const NAMES: ReadonlyMap<string, ListedKind> = new Map([
  ...['pod', 'pods', 'po'].map((name) => [name, POD] as const),
  ...['deployment', 'deployments', 'deploy'].map((name) => [name, DEPLOYMENT] as const),
  ...['statefulset', 'statefulsets', 'sts'].map((name) => [name, STATEFUL_SET] as const),
  ...['daemonset', 'daemonsets', 'ds'].map((name) => [name, DAEMON_SET] as const),
  ...['replicaset', 'replicasets', 'rs'].map((name) => [name, REPLICA_SET] as const),
  ...['job', 'jobs'].map((name) => [name, JOB] as const),
  ...['cronjob', 'cronjobs', 'cj'].map((name) => [name, CRON_JOB] as const),
  ...['replicationcontroller', 'replicationcontrollers', 'rc'].map(
    (name) => [name, CONTROLLER] as const,
  ),
])

/** The kind that somebody typed, such as `deploy` or `deployments.apps`; null for one without Pods. */
export function explainKind(text: string): ListedKind | null {
  const [name = '', ...group] = text.toLowerCase().split('.')
  const kind = NAMES.get(name) ?? null
  if (kind === null || group.length === 0) return kind
  const served = kind.apiVersion.includes('/') ? kind.apiVersion.split('/')[0] : ''
  return group.join('.') === served || group.at(-1) === served ? kind : null
}

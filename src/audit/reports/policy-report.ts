import { stringify } from 'yaml'
import { printable } from '../../text/printable.ts'
import type { Action } from '../../policy/action.ts'
import type { AuditOutcome, AuditedObject } from '../audit-result.ts'
import { placeOf, rowsOf, sentencesOf } from './rows.ts'
import type { Row } from './rows.ts'
import { yamlOptions } from './yaml-options.ts'

/** An object of etcd holds 1.5 MiB at most; a result takes up to 3 KiB. */
const MAX_RESULTS = 400

const RESULT = { deny: 'fail', warn: 'warn', allow: 'pass' } as const satisfies Record<
  Action,
  string
>

/** One API and its successor, with the same fields. */
interface ReportApi {
  apiVersion: string
  /** In a namespace, and outside of all. */
  kinds: readonly [string, string]
}

const WG_POLICY: ReportApi = {
  apiVersion: 'wgpolicyk8s.io/v1alpha2',
  kinds: ['PolicyReport', 'ClusterPolicyReport'],
}

const OPEN_REPORTS: ReportApi = {
  apiVersion: 'openreports.io/v1alpha1',
  kinds: ['Report', 'ClusterReport'],
}

/** PolicyReport objects of the Policy Working Group, which most dashboards read. */
export function policyReport(outcome: AuditOutcome): Generator<string> {
  return reportObjects(outcome, WG_POLICY)
}

/** Report objects of OpenReports, the successor. */
export function openReport(outcome: AuditOutcome): Generator<string> {
  return reportObjects(outcome, OPEN_REPORTS)
}

/** Ready for `kubectl apply -f -`: one for each namespace, more where there are many results. */
function* reportObjects(outcome: AuditOutcome, api: ReportApi): Generator<string> {
  for (const [namespace, objects] of byNamespace(outcome)) {
    const results = objects.flatMap(resultsOf)
    for (const [index, chunk] of chunksOf(results).entries()) {
      const document = reportOf(api, { namespace, results: chunk, index })
      yield `---\n${stringify(document, yamlOptions)}`
    }
  }
}

interface PolicyResult extends ReturnType<typeof resultFor> {
  rule: string
  result: keyof typeof NOTHING
  severity?: 'high' | 'medium'
  message?: string
  properties?: Record<string, string>
}

const NOTHING = { pass: 0, fail: 0, warn: 0, error: 0, skip: 0 }

function byNamespace({ objects }: AuditOutcome): Map<string, AuditedObject[]> {
  return Map.groupBy(objects, ({ object }) => object.namespace)
}

function resultsOf(audited: AuditedObject): PolicyResult[] {
  if (audited.exempted !== null) {
    const message = audited.exempted
    return [{ ...resultFor(audited), rule: 'Exempt', result: 'skip', message }]
  }
  return [...rowsOf({ objects: [audited] })].flatMap(imageResults)
}

function imageResults({ audited, image, container, imageName }: Row): PolicyResult[] {
  const { use } = image.decision.prediction
  const properties = {
    image: printable(use.image),
    ...(use.path === '' ? {} : { path: use.path }),
    ...(use.container === null ? {} : { container }),
    ...(image.position ? { position: placeOf(image.position) } : {}),
  }
  const base = { ...resultFor(audited), properties }
  const { findings } = image.decision
  if (findings.length === 0) return [{ ...base, rule: 'Pullable', result: RESULT.allow }]
  return findings.map(({ finding, action }) => {
    const severity = action === 'deny' ? 'high' : 'medium'
    const message = `${imageName}: ${sentencesOf(finding)}`
    return Object.assign({}, base, {
      rule: finding.cause,
      result: RESULT[action],
      severity,
      message,
    } as const)
  })
}

function resultFor({ object }: AuditedObject) {
  const { apiVersion, kind, namespace, name } = object
  return {
    source: 'pullgate',
    policy: 'pullgate',
    category: 'Image pull',
    scored: true,
    resources: [{ apiVersion, kind, ...(namespace === '' ? {} : { namespace }), name }],
  }
}

function chunksOf(results: readonly PolicyResult[]): PolicyResult[][] {
  const count = Math.max(Math.ceil(results.length / MAX_RESULTS), 1)
  return Array.from({ length: count }, (_, index) =>
    results.slice(index * MAX_RESULTS, (index + 1) * MAX_RESULTS),
  )
}

function reportOf(
  { apiVersion, kinds }: ReportApi,
  {
    namespace,
    results,
    index,
  }: { namespace: string; results: readonly PolicyResult[]; index: number },
) {
  const name = index === 0 ? 'pullgate' : `pullgate-${index + 1}`
  const labels = { 'app.kubernetes.io/managed-by': 'pullgate' }
  const summary = { ...NOTHING }
  for (const { result } of results) summary[result] += 1
  return {
    apiVersion,
    kind: kinds[namespace === '' ? 1 : 0],
    metadata: { name, ...(namespace === '' ? {} : { namespace }), labels },
    summary,
    results,
  }
}

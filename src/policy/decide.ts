import { causeCodes, causes, type CauseCode } from '../prediction/causes.ts'
import type { Finding } from '../prediction/finding.ts'
import type { ImagePrediction } from '../prediction/prediction.ts'
import type { Workload } from '../workload/workload.ts'
import { printable } from '../text/printable.ts'
import type { Action, Mode } from './action.ts'
import type { Decision, Exemption, ImageDecision, JudgedFinding } from './decision.ts'

/** The part of the configuration that decisions depend on. */
export interface DecisionSettings {
  /** Per cause, for certain findings; a missing cause has the default of the catalogue. */
  actions: Partial<Record<CauseCode, Action>>
  controllerPods: 'warn' | 'deny'
}

export interface DecisionInput {
  predictions: readonly ImagePrediction[]
  workload: Workload
  mode: Mode
  settings: DecisionSettings
  /** Reasons found elsewhere why nothing of this object is denied (a restart only, say), as full sentences. */
  ceilings: readonly string[]
}

const severity = { allow: 0, warn: 1, deny: 2 } as const satisfies Record<Action, number>
const rank = new Map(causeCodes.map((code, index) => [code, index]))

/**
 * Turns what was found out about the images of one object into what is done about it. Pure.
 * `enforcing` and every action inside `images` are those of the mode `enforce`; `action` alone depends on the mode.
 */
export function decide(input: DecisionInput): Decision {
  const { predictions, mode, settings } = input
  const ceilings = ceilingsOf(input)
  let capped = false
  const images = predictions.map((prediction) =>
    judgeImage(prediction, (finding) => {
      const action = actionFor(finding, settings)
      if (action !== 'deny' || ceilings.length === 0) return action
      capped = true
      return 'warn'
    }),
  )
  const enforcing = mostSevere(images.map((image) => image.action))
  return {
    mode,
    action: actionIn(mode, enforcing),
    enforcing,
    images,
    exemption: null,
    ceilings: capped ? ceilings : [],
  }
}

/** Whether this finding would deny this object. */
export function denies(
  finding: Finding,
  object: Omit<DecisionInput, 'predictions'>,
): boolean {
  return (
    object.mode === 'enforce' &&
    actionFor(finding, object.settings) === 'deny' &&
    ceilingsOf(object).length === 0
  )
}

function ceilingsOf({
  workload,
  settings,
  ceilings,
}: Omit<DecisionInput, 'predictions'>): string[] {
  return [...ceilings, ...controllerCeiling(workload, settings)]
}

/** The decision about an object that is let through without its images being judged. */
export function letThrough(mode: Mode, exemption: Exemption): Decision {
  return {
    mode,
    action: 'allow',
    enforcing: 'allow',
    images: [],
    exemption,
    ceilings: [],
  }
}

/**
 * What enforcing does about one finding before any ceiling. Doubt is never turned into a denial: whatever the settings say,
 * an uncertain finding is at most warned about; `allow` silences it.
 */
export function actionFor(
  finding: Finding,
  settings: Pick<DecisionSettings, 'actions'>,
): Action {
  const action = settings.actions[finding.cause] ?? causes[finding.cause].defaultAction
  if (finding.certainty === 'certain') return action
  return action === 'allow' ? 'allow' : 'warn'
}

/** Follows design "Pods that a controller made are never denied by default": nobody sees that denial, and a drain would become an outage. */
function controllerCeiling(workload: Workload, settings: DecisionSettings): string[] {
  const { form, controller } = workload
  if (form !== 'pod' || controller === null || settings.controllerPods === 'deny')
    return []
  const maker = printable(`${controller.kind} ${controller.name}`, 200)
  return [`This Pod was made by ${maker}, and such Pods are never denied.`]
}

function judgeImage(
  prediction: ImagePrediction,
  judge: (finding: Finding) => Action,
): ImageDecision {
  const findings = prediction.findings
    .map((finding): JudgedFinding => ({ finding, action: judge(finding) }))
    .filter(({ action }) => action !== 'allow')
    .toSorted(bySeverity)
  const leading = findings[0] ?? null
  return { prediction, action: leading?.action ?? 'allow', leading, findings }
}

/** The most severe action first, then the catalogue's order, then what is certain before what is not. */
function bySeverity(a: JudgedFinding, b: JudgedFinding): number {
  return (
    severity[b.action] - severity[a.action] ||
    rankOf(a.finding) - rankOf(b.finding) ||
    doubtOf(a.finding) - doubtOf(b.finding)
  )
}

function rankOf(finding: Finding): number {
  return rank.get(finding.cause) ?? causeCodes.length
}

function doubtOf(finding: Finding): number {
  return finding.certainty === 'certain' ? 0 : 1
}

function mostSevere(actions: readonly Action[]): Action {
  if (actions.includes('deny')) return 'deny'
  return actions.includes('warn') ? 'warn' : 'allow'
}

function actionIn(mode: Mode, enforcing: Action): Action {
  if (mode === 'enforce') return enforcing
  return mode === 'warn' && enforcing !== 'allow' ? 'warn' : 'allow'
}

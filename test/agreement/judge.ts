import type { Teardown } from '../support/token-server.ts'
import { classesOfCause } from './classify.ts'
import { startContainerd } from './containerd.ts'
import { pullAsKubelet } from './kubelet.ts'
import type { Outcome, Pull } from './kubelet.ts'
import { startPullgate } from './pullgate.ts'
import type { Opinion } from './pullgate.ts'
import { isPredictable } from './scenario.ts'
import type { Judged, Scenario, Verdict } from './scenario.ts'
import { buildWorld } from './world.ts'
import type { Stage } from './world.ts'

/** A containerd that is asked. */
export interface Judge {
  program: string
  version: string
}

/** One scenario, judged by one containerd and by Pullgate. */
export interface Row {
  scenario: Scenario
  image: string
  outcome: Outcome
  opinion: Opinion
  /** What the table of scenarios says for this judge. */
  expected: { judge: Judged; verdict: Verdict }
  /** Where the two, or the table, disagree; empty is well. */
  disagreements: string[]
}

const PARALLEL_PULLS = 16

/** Runs every scenario by one judge: all pulls, then all questions, on registries of their own. */
export async function runScenarios(
  t: Teardown,
  judge: Judge,
  scenarios: readonly Scenario[],
): Promise<Row[]> {
  const world = await buildWorld(t, scenarios)
  const { hostsDirectory } = world
  const containerd = await startContainerd(t, { ...judge, hostsDirectory })
  const outcomes = await inParallel(world.stages, (stage) =>
    pullAsKubelet(containerd.cri, pullOf(stage)),
  )
  await containerd.stop()
  const ask = await startPullgate(t, world, judge.version)
  const opinions = await inParallel(world.stages, ask)
  return world.stages.map(({ scenario, image }, index) => {
    const outcome = outcomes[index]
    const opinion = opinions[index]
    if (!outcome || !opinion) throw new Error(`${scenario.name} was not judged`)
    const expected = expectationOf(scenario, judge.version)
    const disagreements = compare({ scenario, outcome, opinion, expected }, judge)
    return { scenario, image, outcome, opinion, expected, disagreements }
  })
}

function pullOf({ image, secrets }: Stage): Pull {
  const dockerConfigs: unknown[] = []
  let hasUnreadableSecret = false
  for (const { content } of secrets) {
    if (content?.type !== 'kubernetes.io/dockerconfigjson') continue
    try {
      dockerConfigs.push(JSON.parse(content.text))
    } catch {
      hasUnreadableSecret = true
    }
  }
  return { image, dockerConfigs, hasUnreadableSecret }
}

/** The table's answer for the judge's version. */
export function expectationOf(scenario: Scenario, version: string): Row['expected'] {
  const { judge, verdict } = scenario
  const profile = profileOf(version)
  const difference = profile === null ? undefined : scenario.differs?.[profile]
  return { judge: difference?.judge ?? judge, verdict: difference?.verdict ?? verdict }
}

/** The versions that the table knows; any other is held to the rules alone. */
function profileOf(version: string): '1.6' | '2.x' | null {
  if (version.startsWith('1.6.')) return '1.6'
  return /^2\.(?!0\.)/.test(version) ? '2.x' : null
}

/** The rule of the suite, in the order of what matters. */
function compare(
  {
    scenario,
    outcome,
    opinion,
    expected,
  }: Pick<Row, 'scenario' | 'outcome' | 'opinion' | 'expected'>,
  judge: Judge,
): string[] {
  const found: string[] = []
  const pulled = outcome.status === 'pulled'
  const said = `Pullgate says ${opinion.verdict} (${opinion.message})`
  const did = pulled
    ? 'containerd pulls'
    : `containerd fails: ${outcome.texts.join(' | ')}`
  if (isFalseDenial({ outcome, opinion })) found.push(`FALSE DENIAL: ${said}`)
  if (isMissed({ scenario, outcome, opinion })) found.push(`MISSED: ${did}`)
  // Where a version differs by itself, the table says how.
  const isOwnWay = expected.judge !== scenario.judge
  if (!pulled && !isOwnWay && opinion.cause !== null && opinion.action !== 'allow') {
    const classes = classesOfCause[opinion.cause] ?? []
    // A warning about a secret that also is wrong does not speak of the failure.
    const agree = outcome.classes.some((each) => each !== null && classes.includes(each))
    const failed = outcome.classes.join(', ')
    if (!agree) found.push(`the causes differ: ${said}, and ${did} (${failed})`)
  }
  if (!pulled && opinion.action === 'allow' && scenario.gap === undefined)
    found.push(`a failure without a word, and no reason in the table: ${did}`)
  if (profileOf(judge.version) === null) return found
  const judged: (Judged | null)[] = pulled ? ['pulls'] : outcome.classes
  const isMerged =
    judged.includes('UNAUTHORIZED') && mergesCredentials(expected.judge, judge)
  if (!judged.includes(expected.judge) && !isMerged)
    found.push(
      `expected of containerd: ${expected.judge}, but ${did} (${judged.join(', ')})`,
    )
  if (opinion.verdict !== expected.verdict)
    found.push(`expected of Pullgate: ${expected.verdict}, but ${said}`)
  return found
}

/** containerd 1.6 answers a plain 401 where later versions tell that no credentials were there. */
function mergesCredentials(expected: Judged, { version }: Judge): boolean {
  return expected === 'NO_CREDENTIALS' && profileOf(version) === '1.6'
}

/** What must never be: a denial of what pulls. */
export function isFalseDenial({
  outcome,
  opinion,
}: Pick<Row, 'outcome' | 'opinion'>): boolean {
  return outcome.status === 'pulled' && opinion.action === 'deny'
}

/** A failure that the catalogue marks as predictable, and not a word about it. */
export function isMissed({
  scenario,
  outcome,
  opinion,
}: Pick<Row, 'scenario' | 'outcome' | 'opinion'>): boolean {
  return (
    isPredictable(scenario) && outcome.status === 'failed' && opinion.action === 'allow'
  )
}

async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: PARALLEL_PULLS }, worker))
  return results
}

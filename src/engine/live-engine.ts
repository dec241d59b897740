import type { Configuration } from '../configuration/configuration.ts'
import type { Predictor } from '../prediction/predictor.ts'
import { createEngine } from './create-engine.ts'
import type { Engine, EngineOptions } from './create-engine.ts'
import { originHealthOfProcess } from '../registry/origin-health.ts'
import { systemTrustContext } from '../registry/trust.ts'

export interface LiveEngine {
  configuration(): Configuration
  predictor: Predictor
  /** Takes a new configuration into use. What is under way ends with the old one. Rejects, and changes nothing, when it cannot. */
  apply(configuration: Configuration): Promise<void>
  close(): Promise<void>
}

/** Reviews take 30 seconds at most: after this no look-up of an old configuration is under way. */
const RETIREMENT_MS = 60_000

/** An engine whose configuration can change while it runs: each one gets an engine of its own. */
export async function createLiveEngine(given: EngineOptions): Promise<LiveEngine> {
  // A registry that is down, or wants a pause, does so whatever the configuration becomes.
  const options = { health: originHealthOfProcess(given.observer), ...given }
  let { configuration } = options
  // Else the first reviews would wait for it.
  systemTrustContext()
  let engine = await createEngine(options)
  const retired = new Set<Engine>()

  function retire(old: Engine): void {
    retired.add(old)
    setTimeout(() => {
      retired.delete(old)
      void old.close()
    }, RETIREMENT_MS).unref()
  }

  return {
    configuration: () => configuration,
    predictor: { predict: (request) => engine.predictor.predict(request) },
    async apply(next) {
      const started = await createEngine({ ...options, configuration: next })
      retire(engine)
      engine = started
      configuration = next
    },
    async close() {
      await Promise.all([engine, ...retired].map((each) => each.close()))
    },
  }
}

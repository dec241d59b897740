import t from 'tap'
import { crashOf, findCrash } from './find-crash.ts'
import { targets } from './targets.ts'

/** Other inputs on each run; a seed that crashed is repeated with FUZZ_SEED. */
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_007)
const INPUTS = 1_500

for (const target of targets) {
  t.test(`${target.name}: no input crashes (seed ${seed})`, async (t) => {
    t.ok(target.corpus.length > 0)
    for (const input of target.corpus)
      t.equal((await crashOf(target, input, 0))?.error, undefined)
    for (let count = 0; count < INPUTS; count++) {
      const crash = await findCrash(target, seed + count)
      if (crash !== null) {
        const { input, error } = crash
        t.equal(
          error,
          null,
          `FUZZ_SEED=${crash.seed} ${JSON.stringify(input.slice(0, 2_000))}`,
        )
        return
      }
    }
  })
}

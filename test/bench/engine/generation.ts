/** One whole generation of emoji-world, timed: what every benchmark of the engine compares with. */
import { fileURLToPath } from 'node:url'
import type { Conditions } from '../../../gpu-runner/engine/evaluator.ts'
import { type PackTask, taskOn } from '../../../gpu-runner/engine/host-search.ts'
import type { Meters } from '../../../gpu-runner/engine/meters.ts'
import type { Model } from '../../../gpu-runner/engine/model.ts'
import { runSearch } from '../../../gpu-runner/engine/run-search.ts'
import { encodeOutput } from '../../../gpu-runner/output/output.ts'
import { termsOf } from '../../../gpu-runner/reward/terms.ts'
import type { Ask, Search } from '../../../gpu-runner/search/search.ts'
import { SEARCHES, type SearchName } from '../../../gpu-runner/search/searches.ts'

export const PACK_FOLDER = fileURLToPath(new URL('../../../gpu-runner/packs/emoji-world', import.meta.url))
export const PROMPT = 'seven balloons, four bears, and four swans'
export const COUNTS = { balloon: 7, bear: 4, swan: 4 }
export const MAX_BATCH = 8
const CONDITIONS: Conditions = { prompt: PROMPT, terms: termsOf({ name: 'count', counts: COUNTS }) }

export interface Plan {
  readonly search: SearchName
  /** What differs from the search's defaults. */
  readonly settings?: object
  readonly nfe: number
  readonly seed: number
}

export interface Generation {
  readonly nfe: number
  /** From the conditions to the PNG. */
  readonly wallMs: number
  /** Inside the graphs of the model meanwhile, over all of its generations. */
  readonly graphMs: number
  readonly png: Uint8Array
}

const taskOf = ({ nfe, seed }: Plan): PackTask => ({ nfeBudget: nfe, seed, outputs: 1 })

/** The generation as `runSearch` takes it, but for who evaluates. */
export function searchOf(plan: Plan, manifest: Model['manifest']) {
  const search = SEARCHES[plan.search] as Search<unknown, object>
  return { search, settings: { ...search.defaults, ...plan.settings }, task: taskOn(manifest, taskOf(plan)) }
}

export async function generate(model: Model, plan: Plan): Promise<Generation> {
  const { settings } = searchOf(plan, model.manifest)
  const before = graphMsOf(model.meters())
  const start = performance.now()
  const evaluator = await model.begin(CONDITIONS)
  const { answers } = await evaluator.search({ search: plan.search, settings, task: taskOf(plan) })
  const [best] = answers
  if (best === undefined) throw new Error('the search has no answer')
  const png = await encodeOutput((await evaluator.render(best.latent)).output, 'png')
  evaluator.end()
  const wallMs = performance.now() - start
  return { nfe: evaluator.nfe(), wallMs, graphMs: graphMsOf(model.meters()) - before, png }
}

/** What the search of a generation asks, call by call. */
export async function callsOf(model: Model, plan: Plan): Promise<readonly (readonly Ask[])[]> {
  const calls: (readonly Ask[])[] = []
  const evaluator = await model.begin(CONDITIONS)
  await runSearch({
    ...searchOf(plan, model.manifest),
    evaluate: (asks) => {
      calls.push(asks)
      return evaluator.evaluate(asks)
    },
  })
  evaluator.end()
  return calls
}

const graphMsOf = (meters: Meters): number => Object.values(meters).reduce((sum, { ms }) => sum + ms, 0)

export const nfePerSecond = ({ nfe, wallMs }: Pick<Generation, 'nfe' | 'wallMs'>): number => (1000 * nfe) / wallMs

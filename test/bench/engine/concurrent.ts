/** Sixteen generations at once against the same sixteen one after the other, in one process on one model thread. */
import type { Model } from '../../../gpu-runner/engine/model.ts'
import { generate, type Plan } from './generation.ts'

const AT_ONCE = 16

export interface Concurrency {
  /** Aggregate NFE/s at once over that of one at a time. */
  readonly ratio: number
  readonly oneAtATimeNfePerSecond: number
  readonly atOnceNfePerSecond: number
  /** Mean rows of one run of the velocity graph, at once. */
  readonly rowsPerRun: number
  /** Of the images made at once, those whose PNG bytes are those of the image made alone. */
  readonly equalImages: number
  readonly images: number
}

export async function measureConcurrency(model: Model, plan: Omit<Plan, 'seed'>): Promise<Concurrency> {
  const plans = Array.from({ length: AT_ONCE }, (_, seed): Plan => ({ ...plan, seed }))
  const half = AT_ONCE / 2
  const alone: Uint8Array[] = []
  // Half before and half after, so that a machine that slows down favours neither.
  let aloneMs = await timed(async () => {
    for (const each of plans.slice(0, half)) alone.push((await generate(model, each)).png)
  })
  const before = model.meters().velocity
  let together: readonly Uint8Array[] = []
  const togetherMs = await timed(async () => {
    together = (await Promise.all(plans.map((each) => generate(model, each)))).map(({ png }) => png)
  })
  const after = model.meters().velocity
  aloneMs += await timed(async () => {
    for (const each of plans.slice(half)) alone.push((await generate(model, each)).png)
  })
  const nfe = AT_ONCE * plan.nfe
  return {
    ratio: aloneMs / togetherMs,
    oneAtATimeNfePerSecond: (1000 * nfe) / aloneMs,
    atOnceNfePerSecond: (1000 * nfe) / togetherMs,
    rowsPerRun: (after.rows - before.rows) / (after.runs - before.runs),
    equalImages: alone.filter((png, index) => Buffer.compare(png, together[index] ?? new Uint8Array()) === 0).length,
    images: AT_ONCE,
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

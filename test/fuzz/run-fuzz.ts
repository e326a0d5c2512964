/** Throws many inputs at every parser: each is read or refused as its parser refuses, and nothing else happens. */
import fc from 'fast-check'
import type { Target } from './target.ts'
import { TARGETS } from './targets/targets.ts'

export interface TargetFigures {
  readonly name: string
  readonly inputs: number
  /** Read, rather than refused. */
  readonly taken: number
  /** The longest time that one input took, milliseconds. */
  readonly slowest_ms: number
  /** The smallest input found that breaks it, and how. */
  readonly crash?: string
}

export interface FuzzFigures {
  readonly seed: number
  readonly inputs: number
  readonly crashes: number
  readonly targets: readonly TargetFigures[]
}

export const runFuzz = async ({ inputs, seed }: { inputs: number; seed: number }): Promise<FuzzFigures> => {
  const weights = TARGETS.reduce((sum, { weight }) => sum + weight, 0)
  const targets: TargetFigures[] = []
  for (const each of TARGETS) {
    const numRuns = Math.max(1, Math.ceil((inputs * each.weight) / weights))
    targets.push(await fuzzTarget(each, { numRuns, seed }))
  }
  const crashes = targets.filter(({ crash }) => crash !== undefined).length
  return { seed, inputs: targets.reduce((sum, each) => sum + each.inputs, 0), crashes, targets }
}

const fuzzTarget = async (
  { name, inputs, run, refuses = () => false }: Target,
  { numRuns, seed }: { numRuns: number; seed: number },
): Promise<TargetFigures> => {
  let [count, taken, slowest] = [0, 0, 0]
  const property = fc.asyncProperty(inputs, async (input) => {
    count++
    const from = performance.now()
    try {
      // Awaited only where there is something to wait for: most parsers answer at once.
      const running = run(input)
      if (running !== undefined) await running
      taken++
    } catch (error) {
      if (!refuses(error)) throw error
    } finally {
      slowest = Math.max(slowest, performance.now() - from)
    }
  })
  const result = await fc.check(property, { numRuns, seed })
  return {
    name,
    inputs: count,
    taken,
    slowest_ms: Math.round(slowest * 10) / 10,
    ...(result.failed && {
      crash: `${fc.stringify(result.counterexample)}: ${String(result.errorInstance ?? 'interrupted')}`,
    }),
  }
}

/** How the time of a parser grows with its input: an exponent of 1 is linear, 2 is an attack. */
import type { Target } from './target.ts'
import { TARGETS } from './targets/targets.ts'

export interface Growth {
  readonly name: string
  /** Which of the target's long inputs. */
  readonly input: number
  readonly exponent: number
  /** Processor time at the longer of the two lengths. */
  readonly ms: number
}

const LONGEST = 1 << 18
const TIMES = 8
const REPEATS = 3
/** Shorter than this is the clock, not the parser. */
const LEAST_MS = 2

/** Each at the longest that can come to it and at an eighth of that, the best of three. */
export const measureGrowth = async (): Promise<Growth[]> => {
  const measured: Growth[] = []
  for (const each of TARGETS)
    for (const [input, make] of (each.long ?? []).entries()) {
      const longest = each.longest ?? LONGEST
      const short = await timeOf(each, make(longest / TIMES))
      const ms = await timeOf(each, make(longest))
      const exponent = ms < LEAST_MS ? 0 : Math.log(ms / Math.max(short, LEAST_MS / TIMES)) / Math.log(TIMES)
      measured.push({
        name: each.name,
        input,
        exponent: Math.round(exponent * 100) / 100,
        ms: Math.round(ms * 10) / 10,
      })
    }
  return measured
}

const timeOf = async ({ run }: Target, input: unknown): Promise<number> => {
  let best = Number.POSITIVE_INFINITY
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    // Of the processor: other work on the machine is not the parser's.
    const from = process.cpuUsage()
    try {
      await run(input)
    } catch {
      // Refused: that took its time too.
    }
    const { user, system } = process.cpuUsage(from)
    best = Math.min(best, (user + system) / 1000)
  }
  return best
}

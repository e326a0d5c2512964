/** A trace, read as rounds: what each could spend, what it drew, and what it handed on. */
import type { TraceLine } from '../../../shared/contract/trace.ts'

/** A round of `rbf`, or a step of one lane of `rbf-paper`. */
export interface Round {
  readonly lane: number
  readonly step: number
  /** Time of its candidates. */
  readonly t: number
  /** NFEs it could spend on candidates, what rolled over to it included. */
  readonly quota: number
  /** Of these, handed on by the round before. */
  readonly rolledIn: number
  /** Rewards of its candidates, in the order they were drawn. */
  readonly candidates: readonly number[]
  /** What it did not need. */
  readonly rolledOut: number
  /** The best finished image of the lane before it; for `rbf-paper`, the best estimate. */
  readonly bar: number
  /** The finished image that it ended in; undefined where its candidates were the end of it. */
  readonly ending: number | undefined
  /** NFEs of the search at its end. */
  readonly nfe: number
}

/** The rounds of one lane, in their order; steps without a choice (drafts, whose quota is 1) are none. */
export const roundsOf = (trace: readonly TraceLine[], lane: number): readonly Round[] => {
  const mine = trace.filter((each) => each.lane === lane)
  const steps = [...new Set(mine.map(({ step }) => step))]
  const repairs = mine.some(({ step, finished }) => finished && step !== steps.at(-1))
  let bar = -Infinity
  let rolledIn = 0
  const rounds: Round[] = []
  for (const step of steps) {
    const lines = mine.filter((each) => each.step === step)
    const [first] = lines
    if (first === undefined) continue
    const drawn = lines.filter(({ t }) => t === first.t)
    const candidates = drawn.flatMap(({ reward }) => reward ?? [])
    const ending = lines.find(({ t, finished }) => finished && t !== first.t)?.reward ?? undefined
    const last = step === steps.at(-1)
    const rolledOut = last ? 0 : Math.max(0, first.quota - drawn.length)
    const { t, quota } = first
    const nfe = lines.at(-1)?.nfe ?? 0
    if (quota > 1) rounds.push({ lane, step, t, quota, rolledIn, candidates, rolledOut, bar, ending, nfe })
    rolledIn = quota > 1 ? rolledOut : 0
    const seen = lines.flatMap(({ reward, finished }) => (reward !== null && (finished || !repairs) ? [reward] : []))
    bar = Math.max(bar, ...seen)
  }
  return rounds
}

/** So many rounds in a row, between which the most rolls over; the first such. */
export const busiest = (rounds: readonly Round[], count: number): readonly Round[] => {
  const rolled = (from: number) => rounds.slice(from + 1, from + count).reduce((sum, { rolledIn }) => sum + rolledIn, 0)
  const starts = Array.from({ length: Math.max(1, rounds.length - count + 1) }, (_, from) => from)
  const from = starts.reduce((best, each) => (rolled(each) > rolled(best) ? each : best), 0)
  return rounds.slice(from, from + count)
}

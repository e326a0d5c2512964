/** A search as columns, one a step: what every candidate scored, which were accepted, what the step could spend and did. */
import type { ProgressEvent } from '../../../shared/contract/live-event.ts'
import type { TraceLine } from '../../../shared/contract/trace.ts'

export interface Dot {
  /** NFEs used when it was told. */
  readonly nfe: number
  readonly step: number
  readonly lane: number
  readonly reward: number | undefined
  readonly accepted: boolean
}

export interface Column {
  readonly step: number
  /** NFEs the step could spend, rollover included. */
  readonly quota: number
  readonly used: number
}

export interface SearchPicture {
  readonly dots: readonly Dot[]
  readonly columns: readonly Column[]
  readonly steps: number
  /** Whether the columns say what each step spent, or only what several did together. */
  readonly exact: boolean
  /** Best reward after so many NFEs; it only rises. */
  readonly best: readonly { readonly nfe: number; readonly reward: number }[]
}

/** While it runs, the events say how far it is, not each candidate: one dot an event, at the best so far. */
export const pictureOfProgress = (progress: readonly ProgressEvent[]): SearchPicture => {
  const columns = new Map<number, Column>()
  let [before, stepBefore] = [0, 0]
  for (const { step, quota, nfe_used } of progress) {
    // An event may stand for several steps: each gets an equal part of what was spent since the one before.
    const first = Math.min(step, columns.size === 0 ? step : stepBefore + 1)
    for (let each = first; each <= step; each++) {
      const known = columns.get(each)
      const used = (known?.used ?? 0) + (nfe_used - before) / (step - first + 1)
      columns.set(each, { step: each, quota: Math.max(quota, known?.quota ?? 0), used })
    }
    before = nfe_used
    stepBefore = step
  }
  const scored = progress.filter(({ best_reward }) => best_reward !== null)
  return {
    columns: [...columns.values()],
    steps: progress.at(-1)?.steps ?? 0,
    exact: false,
    dots: scored.map(({ step, nfe_used, best_reward }) => ({
      nfe: nfe_used,
      step,
      lane: 0,
      reward: best_reward ?? undefined,
      accepted: true,
    })),
    best: scored.map(({ nfe_used, best_reward }) => ({ nfe: nfe_used, reward: best_reward ?? 0 })),
  }
}

/** Every candidate that was charged, at most `upTo` of them: the trace itself. */
export const pictureOfTrace = (trace: readonly TraceLine[], upTo = trace.length): SearchPicture => {
  const dots: Dot[] = []
  const columns = new Map<number, { used: number; quotas: Map<number, number> }>()
  const best: { nfe: number; reward: number }[] = []
  let before = 0
  for (const line of trace.slice(0, upTo)) {
    const { nfe, step, lane, reward, accepted, quota } = line
    const column = columns.get(step) ?? { used: 0, quotas: new Map<number, number>() }
    column.used += nfe - before
    column.quotas.set(lane, Math.max(quota, column.quotas.get(lane) ?? 0))
    columns.set(step, column)
    before = nfe
    dots.push({ nfe, step, lane, reward: reward ?? undefined, accepted })
    if (reward !== null && reward > (best.at(-1)?.reward ?? -Infinity)) best.push({ nfe, reward })
  }
  return {
    dots,
    columns: [...columns].map(([step, { used, quotas }]) => ({
      step,
      used,
      quota: [...quotas.values()].reduce((sum, quota) => sum + quota, 0),
    })),
    exact: true,
    steps: Math.max(0, ...trace.map(({ step }) => step)) + 1,
    best:
      before === 0 ? best : [...best, { nfe: before, reward: best.at(-1)?.reward ?? 0 }].filter(() => best.length > 0),
  }
}

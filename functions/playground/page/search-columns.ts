/** A search as columns, one a step: its candidates in order, which were accepted, what the step could spend and did. */
import type { TraceLine } from '../../../shared/contract/trace.ts'

/** A candidate that was told: a line of the trace, or of a live event. */
export type Told = Pick<TraceLine, 'nfe' | 'step' | 'lane' | 'reward' | 'accepted' | 'quota'>

export interface Column {
  readonly step: number
  readonly candidates: readonly Told[]
  /** NFEs the step could spend, rollover included. */
  readonly quota: number
  readonly used: number
  /** What the step before had left of its quota. */
  readonly received: number
}

export interface SearchPicture {
  readonly columns: readonly Column[]
  readonly steps: number
  readonly candidates: number
  /** Best reward after so many NFEs; it only rises. */
  readonly best: readonly { readonly nfe: number; readonly reward: number }[]
}

/**
 * @param told in the order of the search.
 * @param steps how many are planned, where that is known before the end.
 */
export const pictureOf = (told: readonly Told[], steps = 0): SearchPicture => {
  const columns = new Map<number, { candidates: Told[]; used: number; quotas: Map<number, number> }>()
  const best: { nfe: number; reward: number }[] = []
  let before = 0
  for (const one of told) {
    const { nfe, step, lane, reward, quota } = one
    const column = columns.get(step) ?? { candidates: [], used: 0, quotas: new Map<number, number>() }
    column.candidates.push(one)
    column.used += nfe - before
    column.quotas.set(lane, Math.max(quota, column.quotas.get(lane) ?? 0))
    columns.set(step, column)
    before = nfe
    if (reward !== null && reward > (best.at(-1)?.reward ?? -Infinity)) best.push({ nfe, reward })
  }
  const last = best.at(-1)
  return {
    columns: withReceived([...columns].toSorted(([a], [b]) => a - b)),
    steps: Math.max(steps, ...[...columns.keys()].map((step) => step + 1)),
    candidates: told.length,
    best: last === undefined || last.nfe === before ? best : [...best, { nfe: before, reward: last.reward }],
  }
}

const withReceived = (
  columns: readonly [number, { candidates: Told[]; used: number; quotas: ReadonlyMap<number, number> }][],
): Column[] => {
  let saved = 0
  return columns.map(([step, { candidates, used, quotas }]) => {
    const quota = Math.max(
      used,
      [...quotas.values()].reduce((sum, each) => sum + each, 0),
    )
    const received = Math.min(saved, quota)
    saved = quota - used
    return { step, candidates, used, quota, received }
  })
}

/** Those that were accepted, a path for each lane. */
export const pathsOf = ({ columns }: SearchPicture): ReadonlyMap<number, readonly Told[]> => {
  const paths = new Map<number, Told[]>()
  for (const { candidates } of columns)
    for (const one of candidates)
      if (one.accepted && one.reward !== null) {
        const path = paths.get(one.lane)
        if (path === undefined) paths.set(one.lane, [one])
        else path.push(one)
      }
  return paths
}

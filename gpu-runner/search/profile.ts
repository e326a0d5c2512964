/**
 * What past searches of one task have learned about their rounds: the gain profile behind `adaptive`.
 *
 * A task is (pack, reward, drafts, levels of `rbf`). Rewards have no natural scale, so a cell is kept for each noise time (the nearest of a few) and
 * each band of the reward that a round starts from. A cell knows the quantiles of a candidate's gain (its denoised estimate's
 * reward less the start) and what a candidate of such a gain is worth: the mean of max(0, finished gain), by isotonic regression
 * over the candidates that were walked down. No shape is assumed: on this kind of model the spread of the finished gain grows with how far an
 * estimate lies below the start, and a line with one residual would promise luck to hopeless candidates.
 */
import type { CandidateRecord } from './search.ts'
import { sha256 } from './sha256.ts'

export interface Cell {
  readonly draws: number
  readonly finishes: number
  /** Ascending quantiles of a candidate's gain, at (i + 1/2) / n. */
  readonly gains: readonly number[]
  /** What a candidate of each of these gains is worth once walked down; never falling. */
  readonly worth: readonly number[]
}

export interface Profile {
  /** Pack, reward and drafts that it was learned on. */
  readonly task: string
  /** Noise times; a round belongs to the nearest. */
  readonly times: readonly number[]
  /** Ascending rewards between bands; bands are one more than edges. */
  readonly edges: readonly number[]
  /** Gain of the finished image that an NFE must promise, in units of the reward; 0 never ends a search early. */
  readonly leastPrice: number
  /** By band, then by time. */
  readonly cells: readonly (readonly Cell[])[]
}

/** One round as a trace shows it. */
export interface RoundRecord {
  readonly t: number
  /** Best finished reward of the lane before the round. */
  readonly start: number
  /** Rewards of the candidates drawn. */
  readonly drawn: readonly number[]
  /** Reward of the finished image; undefined when the search ended before. */
  readonly finished?: number
}

const QUANTILES = 24
/** A cell of fewer rounds uses those of its time's other bands as well. */
const LEAST_ROUNDS = 20
/** Rounds without gain that every mean is watered down with: few lucky rounds promise little. */
const DOUBT = 2

/** The rounds of a trace of `rbf` or `adaptive`, lane by lane; drafts give the first start. */
export function roundsOf(records: readonly CandidateRecord[]): RoundRecord[] {
  const lanes = Map.groupBy(records, ({ lane }) => lane)
  return [...lanes.values()].flatMap((ofLane) => {
    const rounds: RoundRecord[] = []
    let start = -Infinity
    for (const step of Map.groupBy(ofLane, ({ step }) => step).values()) {
      const finished = step
        .filter((one) => one.finished && one.reward !== undefined)
        .map(({ reward = -Infinity }) => reward)
      const isDraft = start === -Infinity
      if (!isDraft && finished.length <= 1 && step[0] !== undefined) {
        const drawn = step
          .filter((one) => !one.finished && one.reward !== undefined)
          .map(({ reward = -Infinity }) => reward)
        const [end] = finished
        if (drawn.length > 0)
          rounds.push({ t: step[0].t, start, drawn, ...(end === undefined ? {} : { finished: end }) })
      }
      start = Math.max(start, ...finished)
    }
    return rounds
  })
}

export interface LearnFrom {
  readonly task: string
  readonly times: readonly number[]
  readonly bands: number
  readonly leastPrice: number
  readonly rounds: readonly RoundRecord[]
}

/** The profile of many rounds. Throws RangeError when there is none. */
export function learnProfile({ task, times, bands, leastPrice, rounds }: LearnFrom): Profile {
  if (rounds.length === 0) throw new RangeError('nothing to learn from')
  const starts = rounds.map(({ start }) => start).sort((a, b) => a - b)
  const edges = Array.from({ length: bands - 1 }, (_, i) => starts[Math.floor(((i + 1) * starts.length) / bands)] ?? 0)
  const cells = Array.from({ length: bands }, (_, band) =>
    times.map((_, time) => {
      const ofTime = rounds.filter(({ t }) => nearest(times, t) === time)
      return cellOf(
        ofTime.filter(({ start }) => bandOf(edges, start) === band),
        ofTime,
      )
    }),
  )
  return { task, times, edges, leastPrice, cells }
}

/** Index of the time nearest to t. */
export function nearest(times: readonly number[], t: number): number {
  const distances = times.map((time) => Math.abs(time - t))
  return distances.indexOf(Math.min(...distances))
}

/** Band of a starting reward. */
export function bandOf(edges: readonly number[], start: number): number {
  const above = edges.findIndex((edge) => start < edge)
  return above === -1 ? edges.length : above
}

/** Candidates that a profile has seen. */
export function samplesOf({ cells }: Profile): number {
  return cells.flat().reduce((sum, { draws }) => sum + draws, 0)
}

/** SHA-256 of the profile's JSON with sorted keys: written into a generation, it says which profile to replay it with. */
export function profileHash(profile: Profile): string {
  return sha256(JSON.stringify(sorted(profile)))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  )
}

function cellOf(own: readonly RoundRecord[], ofTime: readonly RoundRecord[]): Cell {
  const rounds = own.length >= LEAST_ROUNDS ? own : ofTime
  const sortedGains = rounds.flatMap(({ start, drawn }) => drawn.map((reward) => reward - start)).sort((a, b) => a - b)
  const gains = Array.from({ length: QUANTILES }, (_, i) => {
    return round6(sortedGains[Math.floor(((i + 0.5) * sortedGains.length) / QUANTILES)] ?? 0)
  })
  const draws = own.reduce((sum, { drawn }) => sum + drawn.length, 0)
  return { draws, finishes: pairsOf(own).length, gains, worth: worthAt(gains, pairsOf(rounds)) }
}

interface Pair {
  /** Gain of the candidate that was taken. */
  readonly x: number
  /** Gain of its finished image. */
  readonly y: number
}

function pairsOf(rounds: readonly RoundRecord[]): Pair[] {
  return rounds.flatMap(({ start, drawn, finished }) => {
    return finished === undefined ? [] : [{ x: Math.max(...drawn) - start, y: finished - start }]
  })
}

interface Block {
  /** Least x of the block. */
  readonly from: number
  readonly count: number
  readonly sum: number
}

/** Isotonic regression of max(0, y) on x (pool adjacent violators), read at the gains given. */
function worthAt(gains: readonly number[], pairs: readonly Pair[]): number[] {
  const blocks: Block[] = []
  for (const { x, y } of [...pairs].sort((a, b) => a.x - b.x)) {
    let block: Block = { from: x, count: 1, sum: Math.max(0, y) }
    for (let before = blocks.at(-1); before !== undefined && meanOf(before) >= meanOf(block); before = blocks.at(-1)) {
      block = { from: before.from, count: before.count + block.count, sum: before.sum + block.sum }
      blocks.pop()
    }
    blocks.push(block)
  }
  let least = 0
  const worth = blocks.map((block) => {
    least = Math.max(least, block.sum / (block.count + DOUBT))
    return { from: block.from, value: least }
  })
  return gains.map((gain) => round6(worth.findLast(({ from }) => from <= gain)?.value ?? 0))
}

function meanOf({ sum, count }: Block): number {
  return sum / count
}

/** Six digits keep a profile readable and its hash the same on every machine. */
function round6(value: number): number {
  return Number(value.toPrecision(6))
}

/** Which threads and sessions suit a machine, from measurements of a few. */

export interface EngineSettings {
  /** Threads inside one operator. */
  readonly threads: number
  /** Sessions of each graph, which run at the same time. */
  readonly sessions: number
}

/** Milliseconds of one evaluation, `sessions` of which are under way at any time; infinite where the machine cannot hold so many. */
export type Measure = (settings: EngineSettings) => Promise<number>

/** A further session costs memory: it must be worth that much. */
const WORTH = 1.1

/**
 * First the threads with which a search that is alone is fastest, since most searches ask for one candidate after the other; then,
 * with those, twice the sessions as long as several searches together get on a tenth faster by it. Powers of two, and `cores`.
 */
export async function chooseSettings(cores: number, measure: Measure): Promise<EngineSettings> {
  let best = { threads: 1, ms: await measure({ threads: 1, sessions: 1 }) }
  for (const threads of doubled(2, cores)) {
    const ms = await measure({ threads, sessions: 1 })
    if (ms < best.ms) best = { threads, ms }
  }
  const { threads } = best
  let sessions = 1
  for (const more of doubled(2, cores)) {
    const ms = await measure({ threads, sessions: more })
    if (WORTH * ms > best.ms) break
    best = { threads, ms }
    sessions = more
  }
  return { threads, sessions }
}

const doubled = (from: number, most: number): number[] => {
  const powers = []
  for (let power = from; power < most; power *= 2) powers.push(power)
  return from <= most ? [...powers, most] : []
}

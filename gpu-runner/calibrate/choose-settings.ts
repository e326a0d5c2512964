/** Which threads and sessions suit a machine, from measurements of a few. */
import { GRAPH_NAMES, type GraphName, type GraphThreads } from '../pack/session.ts'

export interface EngineSettings {
  readonly threads: GraphThreads
  /** Sessions of each graph, which run at the same time. */
  readonly sessions: number
}

export interface Measured {
  /** Milliseconds of one evaluation, while as many are under way as there are sessions. Infinite where the machine cannot hold so many. */
  readonly ms: number
  /** Milliseconds of one run of each graph that an evaluation runs. */
  readonly graphs: Readonly<Partial<Record<GraphName, number>>>
}

export type Measure = (settings: EngineSettings) => Promise<Measured>

/** Made of decoder and reward. */
const LIKE_FUSED: ReadonlySet<GraphName> = new Set(['decode', 'reward', 'gradient'])

/** A further session costs memory: it must be worth that much. */
const WORTH = 1.1

/**
 * First the threads with which each graph is soonest done, for a search that is alone: most ask for one candidate after the
 * other. Then, with those, twice the sessions as long as several searches together get on a tenth faster by it. Powers of two, and `cores`.
 */
export async function chooseSettings(cores: number, measure: Measure): Promise<EngineSettings> {
  const tried: (Measured & { readonly count: number })[] = []
  for (const count of doubled(1, cores)) {
    const measured = await measure({ threads: threadsOf(() => count), sessions: 1 })
    tried.push({ count, ...measured })
  }
  const soonest = (msOf: (one: Measured) => number) =>
    tried.reduce((best, one) => (msOf(one) < msOf(best) ? one : best)).count
  // A graph that no evaluation ran takes what suits those that are made of the same, or the whole.
  const threads = threadsOf((graph) =>
    soonest(({ graphs, ms }) => graphs[graph] ?? (LIKE_FUSED.has(graph) ? graphs.fused : undefined) ?? ms),
  )
  const known = tried.find(({ count }) => GRAPH_NAMES.every((graph) => threads[graph] === count))
  let [sessions, { ms: best }] = [1, known ?? (await measure({ threads, sessions: 1 }))]
  for (const more of doubled(2, cores)) {
    const { ms } = await measure({ threads, sessions: more })
    if (WORTH * ms > best) break
    best = ms
    sessions = more
  }
  return { threads, sessions }
}

const threadsOf = (of: (graph: GraphName) => number): GraphThreads =>
  Object.fromEntries(GRAPH_NAMES.map((graph) => [graph, of(graph)])) as Record<GraphName, number>

const doubled = (from: number, most: number): number[] => {
  const powers = []
  for (let power = from; power < most; power *= 2) powers.push(power)
  return from <= most ? [...powers, most] : []
}

/** Rewards that count: what their graphs take, and what they saw. */
import type { CountGraph, JudgeGraph } from '../../shared/contract/pack.ts'
import type { Place } from '../../shared/contract/place.ts'
import type { Counts } from '../../shared/domain/counts.ts'
import type { Peaks } from '../pack/reward-graphs.ts'
import { readPlaces } from './places.ts'

/** A graph by its name in the pack's rewards or judges. Throws RangeError when there is none that counts. */
export function countGraphNamed(name: string, graphs: Readonly<Record<string, JudgeGraph>> = {}): CountGraph {
  const graph = Object.hasOwn(graphs, name) ? graphs[name] : undefined
  if (graph?.takes === 'counts') return graph
  throw new RangeError(`the pack has no ${name} that counts`)
}

export interface Found {
  /** Things of each class in the image, where there is at least one; in the order of the pack's classes. */
  readonly found: Counts
  /** Every asked class found as often as asked, and nothing else found. */
  readonly exact: boolean
  /** Where they stand; undefined where the graph does not say. */
  readonly places?: readonly Place[]
}

/**
 * The graph's target [classes]: the count asked, or the pack's `missing` where a class was not asked for.
 * Whole numbers >= 0; 0 means "none of these".
 * Throws RangeError on a class the pack does not count, on a count that is no whole number >= 0, and on no class at all.
 */
export function countTarget({ classes, missing }: CountGraph, counts: Counts): Float32Array {
  const asked = Object.entries(counts)
  if (asked.length === 0) throw new RangeError('the count reward needs at least one class to count')
  const target = new Float32Array(classes.length).fill(missing)
  for (const [name, count] of asked) {
    const index = classes.indexOf(name)
    if (index < 0) throw new RangeError(`the pack does not count "${name}"`)
    if (!Number.isSafeInteger(count) || count < 0)
      throw new RangeError(`the count of ${name} must be a whole number >= 0`)
    target[index] = count
  }
  return target
}

/** Soft counts [classes] of one image (sums of peak probabilities), rounded to things, and where these stand. */
export function readFound(
  graph: CountGraph,
  { soft, peaks, asked }: { soft: Float32Array; peaks?: Peaks | undefined; asked: Counts },
): Found {
  const found: Record<string, number> = {}
  let exact = true
  for (const [index, name] of graph.classes.entries()) {
    const count = Math.round(soft[index] ?? 0)
    if (count > 0) found[name] = count
    const wanted = Object.hasOwn(asked, name) ? asked[name] : 0
    if (count !== wanted) exact = false
  }
  return { found, exact, ...(peaks && { places: readPlaces(graph, peaks) }) }
}

/** Where the things stand that a reward counts: the peaks of its heatmaps. */

import type { CountGraph } from '../../shared/contract/pack.ts'
import type { Place } from '../../shared/contract/place.ts'
import type { Peaks } from '../pack/reward-graphs.ts'

/** Surer than not. What is less sure adds to a count and is not shown as a thing. */
const LEAST = 0.5
/** Far more than counts reach. */
const MOST = 256

/** The places of the first image, by class and then from the top; in shares of the image's width and height. */
export function readPlaces({ classes }: CountGraph, { shape, data }: Peaks): Place[] {
  const [, rows = 1, columns = 1] = shape
  const places: Place[] = []
  for (const [index, name] of classes.entries())
    for (let at = 0; at < rows * columns && places.length < MOST; at++) {
      const probability = data[index * rows * columns + at] as number
      if (probability < LEAST) continue
      const [x, y] = [((at % columns) + 0.5) / columns, (Math.floor(at / columns) + 0.5) / rows]
      places.push({ name, x: rounded(x), y: rounded(y), probability: rounded(probability) })
    }
  return places
}

const rounded = (share: number): number => Math.round(share * 10_000) / 10_000

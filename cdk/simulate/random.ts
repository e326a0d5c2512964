/** Random numbers from a seed, for the simulation alone: the same seed, the same run on every machine. */

/** In [0, 1). */
export type Random = () => number

/** mulberry32: 32 bits of state, ample for arrivals. */
export const createRandom = (seed: number): Random => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** How many events of a Poisson process there are where `mean` are expected. Normal above 50, by Knuth below. */
export const poisson = (random: Random, mean: number): number => {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)))
  const limit = Math.exp(-mean)
  let count = 0
  for (let product = random(); product > limit; product *= random()) count++
  return count
}

const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

export const between = (random: Random, [least, most]: readonly [number, number]): number =>
  least + (most - least) * random()

/**
 * SVDD: at every step each lane draws a few candidates and keeps one.
 *
 * Source: Li et al., Derivative-free guidance in continuous and discrete diffusion models with soft value-based decoding
 * (arXiv 2408.08252) algorithm 1. It is CoDe with blocks of one step; temperature 0 keeps the best, as Kim et al. run it.
 */
import { type BlockSettings, blockStrategy } from './blocks.ts'
import { defineSearch } from './define-search.ts'

export const searchSvdd = defineSearch(
  blockStrategy('svdd', {
    sampler: {
      interpolant: 'native',
      schedule: { kind: 'uniform' },
      kernel: { kind: 'gaussian', rho: 0.6 },
      steps: 10,
    },
    lanes: 2,
    block: 1,
    temperature: 0,
  } satisfies BlockSettings),
)

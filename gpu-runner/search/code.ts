/**
 * CoDe: each lane draws a few candidates, lets each walk a block of steps alone, and keeps one at the block's end.
 *
 * Source: Singh et al., CoDe: blockwise control for denoising diffusion models (arXiv 2502.00968) algorithm 1. Looking further before choosing makes
 * up for early estimates that are blurred.
 */
import { type BlockSettings, blockStrategy } from './blocks.ts'
import { defineSearch } from './define-search.ts'

export const searchCode = defineSearch(
  blockStrategy('code', {
    sampler: {
      interpolant: 'native',
      schedule: { kind: 'uniform' },
      kernel: { kind: 'gaussian', rho: 0.6 },
      steps: 20,
    },
    lanes: 2,
    block: 5,
    temperature: 0,
  } satisfies BlockSettings),
)

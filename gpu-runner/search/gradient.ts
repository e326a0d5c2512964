/**
 * Rollover budget forcing with gradient guidance: lanes draw candidates around a mean that the reward's gradient has moved.
 *
 * Source: Kim et al. (arXiv 2503.19385), "combination with gradient-based techniques". Only for packs with a `reward_gradient` graph:
 * its asks want a gradient, and an evaluation without one is refused. Watch a held-out score: gradients hack rewards.
 */
import { defineSearch } from './define-search.ts'
import { forcingStrategy } from './forcing.ts'

export const searchGradient = defineSearch(
  forcingStrategy('gradient', {
    sampler: {
      interpolant: 'native',
      schedule: { kind: 'uniform' },
      kernel: { kind: 'gaussian', rho: 0.6 },
      steps: 12,
    },
    lanes: 1,
    initial: 10,
    rule: { kind: 'threshold', deviations: 1, least: 3 },
    gradientWeight: 1,
  }),
)

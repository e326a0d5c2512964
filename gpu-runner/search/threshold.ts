/**
 * Threshold acceptance: a step ends at a candidate that stands out among its siblings, not at any improvement.
 *
 * Source: after Verifier-threshold (arXiv 2512.08985). On a model whose early estimates are a blur every candidate improves on the step
 * before; the bar is therefore the step's own mean plus a few deviations.
 */
import { defineSearch } from './define-search.ts'
import { forcingStrategy } from './forcing.ts'

export const searchThreshold = defineSearch(
  forcingStrategy('threshold', {
    sampler: {
      interpolant: 'native',
      schedule: { kind: 'uniform' },
      kernel: { kind: 'gaussian', rho: 0.6 },
      steps: 12,
    },
    lanes: 1,
    initial: 10,
    rule: { kind: 'threshold', deviations: 1, least: 3 },
    gradientWeight: 0,
  }),
)

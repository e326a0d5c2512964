/**
 * Rollover budget forcing as its authors publish it: quota, acceptance, last step and result of Kim et al. (arXiv 2503.19385) section 6.
 *
 * VP interpolant, ten steps of t = sqrt(1 - (1 - v)^2), g = 3 t^2, 25 initial particles and 2 lanes at 500 NFEs. The answer is the denoised
 * estimate at the last grid time (linear t = 0.709), which suits few-step distilled models only. Kept to compare with.
 */
import { defineSearch } from './define-search.ts'
import { forcingStrategy } from './forcing.ts'

export const searchRbfPaper = defineSearch(
  forcingStrategy('rbf-paper', {
    sampler: {
      interpolant: 'vp',
      schedule: { kind: 'exp' },
      kernel: { kind: 'sde', diffusion: { shape: 'square', norm: 3 } },
      steps: 10,
    },
    lanes: 2,
    initial: 25,
    rule: { kind: 'improvement' },
    gradientWeight: 0,
  }),
)

/** A model without a network: data drawn from N(0, s^2), whose velocity and denoised estimate are known exactly. */

import { linear } from '../../../gpu-runner/flow/interpolant.ts'
import type { Ask, Evaluation, SearchTask } from '../../../gpu-runner/search/search.ts'

const SPREAD = 0.5

/** The velocity of the linear flow from N(0, 1) to N(0, s^2) is x (t - (1 - t) s^2) / ((1 - t)^2 s^2 + t^2). */
export function evaluateClosedForm({ latent, t, wants, gradient }: Ask): Evaluation {
  const variance = (1 - t) ** 2 * SPREAD ** 2 + t ** 2
  const velocity = latent.map((x) => (x * (t - (1 - t) * SPREAD ** 2)) / variance)
  const denoised = wants === 'reward' ? latent : latent.map((x) => (x * (1 - t) * SPREAD ** 2) / variance)
  const reward = -denoised.reduce((sum, x, i) => sum + (x - (i % 2)) ** 2, 0)
  return {
    ...(wants === 'reward' ? {} : { velocity }),
    ...(wants === 'velocity' ? {} : { reward }),
    ...(gradient ? { gradient: denoised.map((x, i) => -2 * (x - (i % 2))) } : {}),
  }
}

export const taskOf = (facts: Partial<SearchTask> = {}): SearchTask => ({
  nfeBudget: 40,
  seed: 7,
  latentSize: 6,
  native: linear,
  outputs: 1,
  ...facts,
})

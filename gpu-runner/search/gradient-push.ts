/** Gradient guidance on the denoised estimate. */
import { combine } from '../flow/floats.ts'
import { interpolantNamed } from '../flow/interpolant.ts'
import type { Candidate, Evaluated, LatentFacts } from './candidate.ts'

/** The parent's gradient, scaled for the step it is used at; worked out once while the parent lives. */
const pushed = new WeakMap<Evaluated, { readonly weight: number; readonly base: Float32Array }>()

export interface Push {
  readonly candidate: Candidate
  readonly parent: Evaluated
  /** The authors' 200 r and their guidance weight in one number. */
  readonly gradientWeight: number
}

/**
 * The candidate, moved along the gradient at its parent: x_next + w gamma_k alpha grad r, gamma_k = min(1.008^(k+1) - 1, 1) at
 * step k. Source: Kim et al. (arXiv 2503.19385), "combination with gradient-based techniques", as published with their code;
 * the gradient is with respect to the denoised estimate and does not pass through the network.
 */
export function pushedBy(facts: LatentFacts, { candidate, parent, gradientWeight }: Push): Candidate {
  const { base } = candidate
  if (base === null || parent.gradient === null) return candidate
  const gamma = Math.min(1.008 ** (parent.candidate.step + 1) - 1, 1)
  const weight = gradientWeight * gamma * interpolantNamed(facts.native).alpha(candidate.t)
  const known = pushed.get(parent)
  const moved = known?.weight === weight ? known.base : combine(1, base, { b: weight, y: parent.gradient })
  pushed.set(parent, { weight, base: moved })
  return { ...candidate, base: moved }
}

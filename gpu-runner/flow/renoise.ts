/**
 * Going back up: noise put onto a state at t until it is a state at t' > t of the same interpolant.
 *
 * Source: the forward marginal x_t' = (alpha' / alpha) x_t + sqrt(sigma'^2 - (alpha' sigma / alpha)^2) n; with t = 0 it is the
 * interpolant itself. Right for every data distribution, since x_t is alpha x_0 + sigma e.
 */
import type { Interpolant } from './interpolant.ts'

/** x_t' = ofState x_t + fresh n. */
export interface Renoising {
  readonly ofState: number
  readonly fresh: number
}

/** The way from t up to `to`, 0 <= t <= to <= 1, alpha(t) > 0. Throws RangeError when it would go down. */
export function renoise(p: Interpolant, { t, to }: { t: number; to: number }): Renoising {
  if (to < t) throw new RangeError('noise can only be added on the way up')
  const ofState = p.alpha(to) / p.alpha(t)
  return { ofState, fresh: Math.sqrt(Math.max(0, p.sigma(to) ** 2 - (ofState * p.sigma(t)) ** 2)) }
}

/**
 * Transition kernels: how a state at walked time r becomes one at time s < r.
 *
 * All of them are a x_0 + b e + c n, where x_0 and e are the denoised estimate and the noise that the velocity
 * implies at r, and n is fresh standard noise. So a step is three numbers, its mean is computed once, and a further
 * candidate costs one draw of n.
 */
import type { Interpolant } from './interpolant.ts'

/** g(r): norm, norm r or norm r^2 (Kim et al., arXiv 2503.19385, section 4.1 and appendix; theirs is square, 3). */
export interface Diffusion {
  readonly shape: 'constant' | 'linear' | 'square'
  readonly norm: number
}

/**
 * - `ode`: Euler step of the probability-flow ODE; no randomness.
 * - `sde`: Euler-Maruyama step of dx = (u - g^2 score / 2) dt + g dw, run from r down to s.
 * - `gaussian`: x' = alpha' x_0 + sigma' (rho e + sqrt(1 - rho^2) n): the right marginal at s whenever e is (Song et al.,
 *   DDIM, arXiv 2010.02502, eq. 12; Holderrieth et al., GLASS flows, one inner step). rho = 1 is the ODE, rho = 0 draws all noise
 *   anew, `ddpm` is rho = alpha sigma' / (sigma alpha'), the ancestral step.
 */
export type Kernel =
  | { readonly kind: 'ode' }
  | { readonly kind: 'sde'; readonly diffusion: Diffusion }
  | { readonly kind: 'gaussian'; readonly rho: number | 'ddpm' }

/** Weights of the denoised estimate, the implied noise and the fresh noise. */
export interface Transition {
  readonly denoised: number
  readonly noise: number
  readonly fresh: number
}

/** The value of g at walked time r. */
export function diffusionAt({ shape, norm }: Diffusion, r: number): number {
  return norm * { constant: 1, linear: r, square: r * r }[shape]
}

/** The step of a kernel from r down to s, 0 <= s < r <= 1, in walked coordinates. */
export function transition(kernel: Kernel, walked: Interpolant, { r, s }: { r: number; s: number }): Transition {
  switch (kernel.kind) {
    case 'ode':
      return euler(walked, { r, s, g: 0 })
    case 'sde':
      return euler(walked, { r, s, g: diffusionAt(kernel.diffusion, r) })
    case 'gaussian': {
      const rho = kernel.rho === 'ddpm' ? ddpmRho(walked, { r, s }) : kernel.rho
      if (!(rho >= 0 && rho <= 1)) throw new RangeError('rho must lie in [0, 1]')
      const sigma = walked.sigma(s)
      return { denoised: walked.alpha(s), noise: sigma * rho, fresh: sigma * Math.sqrt(1 - rho * rho) }
    }
  }
}

/** One Euler-Maruyama step x + (-u + g^2 score / 2) h + g sqrt(h) n, with u = alpha' x_0 + sigma' e and score = -e / sigma. */
export function euler(walked: Interpolant, { r, s, g }: { r: number; s: number; g: number }): Transition {
  const h = r - s
  const pull = g === 0 ? 0 : (g * g * h) / (2 * walked.sigma(r))
  return {
    denoised: walked.alpha(r) - h * walked.dAlpha(r),
    noise: walked.sigma(r) - h * walked.dSigma(r) - pull,
    fresh: g * Math.sqrt(h),
  }
}

function ddpmRho(walked: Interpolant, { r, s }: { r: number; s: number }): number {
  return Math.min(1, (walked.alpha(r) * walked.sigma(s)) / (walked.sigma(r) * walked.alpha(s)))
}

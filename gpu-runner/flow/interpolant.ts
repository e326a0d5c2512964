/**
 * Interpolants x_t = alpha(t) x_0 + sigma(t) e between data (t = 0) and noise (t = 1).
 *
 * Source of the family: Ma et al., SiT (arXiv 2401.08740) section 2; Kim et al. (arXiv 2503.19385) section 4 for `vp`.
 * An interpolant is known by its name alone, so that a checkpoint can carry it as a string: `interpolantNamed`.
 */

/** An interpolant x_t = alpha(t) x_0 + sigma(t) e; t in [0, 1], t = 1 noise, t = 0 data. */
export interface Interpolant {
  /** Says everything about it: `interpolantNamed(name)` gives the same interpolant back. */
  readonly name: string
  alpha(t: number): number
  sigma(t: number): number
  /** d alpha / d t */
  dAlpha(t: number): number
  /** d sigma / d t; infinite at t = 0 for `vp`. */
  dSigma(t: number): number
  /** The t in [0, 1] at which alpha(t) / sigma(t) = snr; snr in [0, Infinity], clamped to what the interpolant reaches. */
  snrInverse(snr: number): number
}

/** alpha = 1 - t, sigma = t: what flow models are trained on. */
export const linear: Interpolant = {
  name: 'linear',
  alpha: (t) => 1 - t,
  sigma: (t) => t,
  dAlpha: () => -1,
  dSigma: () => 1,
  snrInverse: (snr) => 1 / (1 + snr),
}

/**
 * Variance preserving: T = t^2 (betaMax - betaMin) / 2 + t betaMin, alpha = e^(-T/2), sigma = sqrt(1 - e^(-T)).
 * Source: Song et al. (arXiv 2011.13456) appendix C; the defaults are the usual ones.
 * alpha(1) is 0.0066, not 0: a signal-to-noise ratio below that is clamped to t = 1.
 */
export function vp(betaMin = 0.1, betaMax = 20): Interpolant {
  if (!(betaMin > 0 && betaMax > betaMin)) throw new RangeError('vp needs 0 < betaMin < betaMax')
  const rise = betaMax - betaMin
  const integral = (t: number) => t * ((t * rise) / 2 + betaMin)
  const alpha = (t: number) => Math.exp(-integral(t) / 2)
  const sigma = (t: number) => Math.sqrt(-Math.expm1(-integral(t)))
  return {
    name: betaMin === 0.1 && betaMax === 20 ? 'vp' : `vp_${betaMin}_${betaMax}`,
    alpha,
    sigma,
    dAlpha: (t) => (-alpha(t) * (t * rise + betaMin)) / 2,
    dSigma: (t) => (Math.exp(-integral(t)) * (t * rise + betaMin)) / (2 * sigma(t)),
    snrInverse: (snr) => {
      const reached = Math.log1p(1 / (snr * snr))
      if (!(reached < integral(1))) return 1
      // The root of the quadratic in the form that does not cancel for small t.
      return (2 * reached) / (betaMin + Math.sqrt(betaMin * betaMin + 2 * rise * reached))
    },
  }
}

const DISCRETE_STEPS = 1000

/**
 * The discrete schedule that Stable Diffusion was trained on: 1000 betas whose square roots are evenly spaced, alpha_k^2 = prod
 * (1 - beta_j), j <= k (Rombach et al., arXiv 2112.10752; Ho et al., arXiv 2006.11239, eq. 4). Its step k is t = (k + 1) / 1000; t = 0 is
 * the data. Between two steps log alpha^2 is straight in t, so every step of the network is met exactly.
 * alpha(1) is not 0: a signal-to-noise ratio below that of t = 1 is clamped.
 */
export function scaledLinear(betaFirst: number, betaLast: number): Interpolant {
  if (!(betaFirst > 0 && betaLast > betaFirst && betaLast < 1))
    throw new RangeError('scaled_linear needs 0 < betaFirst < betaLast < 1')
  const rise = (Math.sqrt(betaLast) - Math.sqrt(betaFirst)) / (DISCRETE_STEPS - 1)
  const rates = Array.from({ length: DISCRETE_STEPS }, (_, k) => -Math.log1p(-((Math.sqrt(betaFirst) + k * rise) ** 2)))
  const sums = [0]
  for (const rate of rates) sums.push((sums.at(-1) ?? 0) + rate)
  const segment = (t: number) => Math.min(DISCRETE_STEPS - 1, Math.max(0, Math.ceil(t * DISCRETE_STEPS) - 1))
  const rateAt = (t: number) => rates[segment(t)] as number
  const integral = (t: number) => (sums[segment(t)] as number) + (t * DISCRETE_STEPS - segment(t)) * rateAt(t)
  const alpha = (t: number) => Math.exp(-integral(t) / 2)
  const sigma = (t: number) => Math.sqrt(-Math.expm1(-integral(t)))
  return {
    name: `scaled_linear_${betaFirst}_${betaLast}`,
    alpha,
    sigma,
    dAlpha: (t) => (-alpha(t) * rateAt(t) * DISCRETE_STEPS) / 2,
    dSigma: (t) => (Math.exp(-integral(t)) * rateAt(t) * DISCRETE_STEPS) / (2 * sigma(t)),
    snrInverse: (snr) => {
      const reached = Math.log1p(1 / (snr * snr))
      if (!(reached < (sums[DISCRETE_STEPS] as number))) return 1
      const k = sums.findLastIndex((sum) => sum <= reached)
      return (k + (reached - (sums[k] as number)) / (rates[k] as number)) / DISCRETE_STEPS
    },
  }
}

/** alpha = cos(pi t / 2), sigma = sin(pi t / 2). */
export const cosine: Interpolant = {
  name: 'cosine',
  alpha: (t) => Math.cos((Math.PI / 2) * t),
  sigma: (t) => Math.sin((Math.PI / 2) * t),
  dAlpha: (t) => (-Math.PI / 2) * Math.sin((Math.PI / 2) * t),
  dSigma: (t) => (Math.PI / 2) * Math.cos((Math.PI / 2) * t),
  snrInverse: (snr) => (2 / Math.PI) * Math.atan2(1, snr),
}

/** alpha = sqrt(1 - t^2), sigma = t. dAlpha is infinite at t = 1. */
export const linearVp: Interpolant = {
  name: 'linear_vp',
  alpha: (t) => Math.sqrt(1 - t * t),
  sigma: (t) => t,
  dAlpha: (t) => -t / Math.sqrt(1 - t * t),
  dSigma: () => 1,
  snrInverse: (snr) => 1 / Math.sqrt(1 + snr * snr),
}

/** alpha = (1 - t)^n, sigma = 1 - (1 - t)^n; n >= 1. For n > 1 both derivatives vanish at t = 1. */
export function polynomialConvex(n: number): Interpolant {
  if (!(n >= 1)) throw new RangeError('polynomial_convex needs n >= 1')
  return {
    name: `polynomial_convex_${n}`,
    alpha: (t) => (1 - t) ** n,
    sigma: (t) => -Math.expm1(n * Math.log1p(-t)),
    dAlpha: (t) => -n * (1 - t) ** (n - 1),
    dSigma: (t) => n * (1 - t) ** (n - 1),
    snrInverse: (snr) => -Math.expm1(-Math.log1p(1 / snr) / n),
  }
}

/** alpha = (1 - t)^n, sigma = t^n; n >= 1. */
export function generalConvex(n: number): Interpolant {
  if (!(n >= 1)) throw new RangeError('general_convex needs n >= 1')
  return {
    name: `general_convex_${n}`,
    alpha: (t) => (1 - t) ** n,
    sigma: (t) => t ** n,
    dAlpha: (t) => -n * (1 - t) ** (n - 1),
    dSigma: (t) => n * t ** (n - 1),
    snrInverse: (snr) => 1 / (1 + snr ** (1 / n)),
  }
}

/** By name: those that take long to make, and those without numbers, of which there are few. */
const made = new Map<string, Interpolant>()

const FAMILIES: Record<string, (...numbers: number[]) => Interpolant> = {
  linear: () => linear,
  vp: (betaMin, betaMax) => vp(betaMin, betaMax),
  scaled_linear: (betaFirst = Number.NaN, betaLast = Number.NaN) => scaledLinear(betaFirst, betaLast),
  cosine: () => cosine,
  linear_vp: () => linearVp,
  polynomial_convex: (n = Number.NaN) => polynomialConvex(n),
  general_convex: (n = Number.NaN) => generalConvex(n),
}

/**
 * The interpolant of a name: `linear`, `vp`, `vp_0.1_20`, `scaled_linear_0.00085_0.012`, `cosine`, `linear_vp`, `polynomial_convex_2`, `general_convex_2`.
 * Throws RangeError on a name it does not know.
 */
export function interpolantNamed(name: string): Interpolant {
  const known = made.get(name)
  if (known !== undefined) return known
  const [, family = '', numbers = ''] = /^([a-z]+(?:_[a-z]+)*)((?:_[\d.]+)*)$/.exec(name) ?? []
  const build = Object.hasOwn(FAMILIES, family) ? FAMILIES[family] : undefined
  const interpolant = build?.(...numbers.split('_').slice(1).map(Number))
  if (interpolant?.name !== name) throw new RangeError(`unknown interpolant "${name}"`)
  if (family === 'scaled_linear' || numbers === '') made.set(name, interpolant)
  return interpolant
}

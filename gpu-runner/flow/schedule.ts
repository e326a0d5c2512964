/** Time grids: n + 1 walked times from 1 down to 0, strictly falling. */
import type { Interpolant } from './interpolant.ts'

/**
 * - `uniform`: equal steps of t.
 * - `exp`: t = sqrt(1 - (1 - v)^2) for equal steps of v (Kim et al., arXiv 2503.19385, section 6 and appendix: long
 *   steps last; made for few-step distilled models).
 * - `shift`: t = shift v / (1 + (shift - 1) v), FLUX's and SD3's resolution-dependent shift (Esser et al., arXiv
 *   2403.03206, eq. 23); shift > 1 spends more steps near noise.
 * - `log_snr`: equal steps of log(alpha / sigma) between the two ratios given, then 0 (Lu et al., arXiv 2206.00927).
 */
export type Schedule =
  | { readonly kind: 'uniform' }
  | { readonly kind: 'exp' }
  | { readonly kind: 'shift'; readonly shift: number }
  | { readonly kind: 'log_snr'; readonly snrFirst: number; readonly snrLast: number }

/** The grid of a schedule with n >= 1 steps. */
export function timeGrid(schedule: Schedule, n: number, walked: Interpolant): number[] {
  if (!(Number.isInteger(n) && n >= 1)) throw new RangeError('a time grid needs at least one step')
  const warp = warpOf(schedule, n, walked)
  return Array.from({ length: n + 1 }, (_, i) => (i === 0 ? 1 : i === n ? 0 : warp(1 - i / n)))
}

/** Times of the walked interpolant with the same signal-to-noise ratios as a grid of another. */
export function sameSnr(grid: readonly number[], from: Interpolant, to: Interpolant): number[] {
  return grid.map((t, i) => (i === 0 ? 1 : t === 0 ? 0 : to.snrInverse(from.alpha(t) / from.sigma(t))))
}

function warpOf(schedule: Schedule, n: number, walked: Interpolant): (v: number) => number {
  switch (schedule.kind) {
    case 'uniform':
      return (v) => v
    case 'exp':
      return (v) => Math.sqrt(1 - (1 - v) ** 2)
    case 'shift': {
      const { shift } = schedule
      if (!(shift > 0)) throw new RangeError('a time shift must be above 0')
      return (v) => (shift * v) / (1 + (shift - 1) * v)
    }
    case 'log_snr': {
      const { snrFirst, snrLast } = schedule
      if (!(snrFirst > 0 && snrLast > snrFirst)) throw new RangeError('log_snr needs 0 < snrFirst < snrLast')
      // Interior points only: v runs over 1 - 1/n .. 1/n, the ends are exactly 1 and 0.
      return (v) => {
        const share = n === 2 ? 0.5 : ((1 - v) * n - 1) / (n - 2)
        return walked.snrInverse(Math.exp(Math.log(snrFirst) + share * Math.log(snrLast / snrFirst)))
      }
    }
  }
}

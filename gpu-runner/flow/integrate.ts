/** Integrating the ODE dx = u dt of a known velocity field down a time grid. */
import { combine, type Floats } from './floats.ts'

export type VelocityField<T extends Floats> = (x: T, t: number) => T

/** One step from t to s. `euler` costs one evaluation of u, `heun` two (second order; Karras et al., arXiv 2206.00364, alg. 1). */
export const ODE_STEP = {
  euler: <T extends Floats>(u: VelocityField<T>, x: T, { t, s }: { t: number; s: number }): T => {
    return combine(1, x, { b: s - t, y: u(x, t) })
  },
  heun: <T extends Floats>(u: VelocityField<T>, x: T, { t, s }: { t: number; s: number }): T => {
    const here = u(x, t)
    // At s = 0 the velocity of some interpolants is singular; there the Euler step stands.
    if (s === 0) return combine(1, x, { b: s - t, y: here })
    const there = u(combine(1, x, { b: s - t, y: here }), s)
    return combine(1, x, { b: s - t, y: combine(0.5, here, { b: 0.5, y: there }) })
  },
} as const

export type OdeMethod = keyof typeof ODE_STEP

/** The state at the end of a falling grid. */
export function integrate<T extends Floats>(
  u: VelocityField<T>,
  x: T,
  { grid, method }: { grid: readonly number[]; method: OdeMethod },
): T {
  return grid.slice(1).reduce((state, s, i) => ODE_STEP[method](u, state, { t: grid[i] ?? s, s }), x)
}

/**
 * The rules by which the fleet grows and shrinks, as numbers. The stack makes alarms of them, and the simulation
 * (`npm run simulate`) runs the same numbers against arrival traces.
 *
 *   load    seconds that the fleet, as wanted now, needs for all waiting work: NFEs x seconds per NFE / tasks wanted
 *   wake    from zero, as soon as one message is visible
 *   grow    by load: percent of the fleet, at least one task
 *   shrink  while hardly anything waits and places are free; a task with work is protected, so only resting ones stop
 *   sleep   to zero, only when no message is visible and none is in work
 */
export interface ScalingPolicy {
  readonly wake: { readonly tasks: number; readonly cooldownSeconds: number }
  readonly grow: {
    /** Steps of load, seconds, ascending: from this load on, the fleet grows by so many percent. */
    readonly steps: readonly { readonly loadSeconds: number; readonly percent: number }[]
    readonly cooldownSeconds: number
  }
  readonly shrink: {
    /** Load, seconds, at which hardly anything waits. */
    readonly loadSeconds: number
    /** Ascending: from this part of free places (of tasks x concurrency, 0 to 1) on, so many percent go. */
    readonly steps: readonly { readonly restingShare: number; readonly percent: number }[]
    /** How long the first of them must hold. */
    readonly minutes: number
    readonly cooldownSeconds: number
  }
  readonly sleep: { readonly idleMinutes: number }
}

/** The best of a sweep (`npm run simulate -- --sweep`); docs/results/fleet.md shows what else was tried. */
export const SCALING_POLICY: ScalingPolicy = {
  wake: { tasks: 1, cooldownSeconds: 600 },
  grow: {
    steps: [
      { loadSeconds: 30, percent: 25 },
      { loadSeconds: 120, percent: 100 },
      { loadSeconds: 600, percent: 300 },
    ],
    // About what a new task takes to come: its work is counted before more are asked for.
    cooldownSeconds: 180,
  },
  shrink: {
    loadSeconds: 1,
    steps: [
      { restingShare: 0.6, percent: 10 },
      { restingShare: 0.85, percent: 40 },
    ],
    minutes: 5,
    cooldownSeconds: 300,
  },
  sleep: { idleMinutes: 10 },
}

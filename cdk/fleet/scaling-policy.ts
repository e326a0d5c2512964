/**
 * The rules by which the fleet grows and shrinks, as numbers. The stack makes alarms of them, and the simulation
 * (`npm run simulate`) runs the same numbers against arrival traces.
 *
 *   load    seconds that the fleet, as wanted now, needs for all waiting work: NFEs x seconds per NFE / tasks wanted
 *   wake    from zero, as soon as one message is visible
 *   grow    by load: percent of the fleet, at least one task
 *   shrink  while nothing waits and tasks rest; a task with work is protected, so only resting ones stop
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
    /** Part of the fleet that must rest, 0 to 1. */
    readonly restingShare: number
    readonly minutes: number
    readonly percent: number
    readonly cooldownSeconds: number
  }
  readonly sleep: { readonly idleMinutes: number }
}

export const SCALING_POLICY: ScalingPolicy = {
  wake: { tasks: 1, cooldownSeconds: 600 },
  grow: {
    steps: [
      { loadSeconds: 90, percent: 25 },
      { loadSeconds: 180, percent: 100 },
      { loadSeconds: 600, percent: 300 },
    ],
    cooldownSeconds: 60,
  },
  shrink: { restingShare: 0.25, minutes: 3, percent: 10, cooldownSeconds: 120 },
  sleep: { idleMinutes: 10 },
}

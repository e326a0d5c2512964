/**
 * The alarms and step policies of cdk/fleet/scale-tasks.ts, run by the clock of the simulation on the same numbers
 * (scaling-policy.ts). test/unit/cdk/scaling.test.ts compares them with the template.
 */
import type { ScalingPolicy } from '../fleet/scaling-policy.ts'

/** What CloudWatch shows of one minute. */
export interface Reading {
  readonly visible: number
  readonly inWork: number
  readonly backlogSeconds: number
  readonly desired: number
}

export interface RulesOptions {
  readonly policy: ScalingPolicy
  readonly concurrency: number
  readonly maxTasks: number
}

/** Each minute: the newest readings (oldest first) and the tasks wanted now -> the tasks wanted from now on. */
export type Rules = (now: number, readings: readonly Reading[], wanted: number) => number

export const createRules = ({ policy, concurrency, maxTasks }: RulesOptions): Rules => {
  const readyAt = { wake: 0, grow: 0, shrink: 0 }
  const cools = (rule: keyof typeof readyAt, now: number, seconds: number): boolean => {
    if (now < readyAt[rule]) return false
    readyAt[rule] = now + seconds
    return true
  }
  return (now, readings, wanted) => {
    const newest = readings.at(-1)
    if (newest === undefined) return wanted
    const { visible, desired, backlogSeconds } = newest
    if (breaches(readings, policy.sleep.idleMinutes, isEmpty)) return 0
    if (desired < 1 && visible >= 1 && wanted < 1 && cools('wake', now, policy.wake.cooldownSeconds))
      return Math.min(maxTasks, wanted + policy.wake.tasks)
    const load = desired > 0 ? backlogSeconds / desired : 0
    const step = policy.grow.steps.findLast(({ loadSeconds }) => load >= loadSeconds)
    if (step !== undefined && wanted > 0 && cools('grow', now, policy.grow.cooldownSeconds))
      return Math.min(maxTasks, wanted + changeBy(wanted, step.percent))
    const rests = (reading: Reading) => restingStep(reading, { policy, concurrency })
    const fewer = rests(newest)
    const resting = breaches(readings, policy.shrink.minutes, (reading) => rests(reading) !== undefined)
    if (fewer !== undefined && resting && cools('shrink', now, policy.shrink.cooldownSeconds))
      return Math.max(0, wanted - changeBy(wanted, fewer.percent))
    return wanted
  }
}

const breaches = (readings: readonly Reading[], minutes: number, is: (reading: Reading) => boolean): boolean =>
  readings.length >= minutes && readings.slice(-minutes).every(is)

const isEmpty = ({ visible, inWork }: Reading): boolean => visible + inWork === 0

/** The step of the policy that a reading reaches, if any. */
const restingStep = (
  { inWork, backlogSeconds, desired }: Reading,
  { policy: { shrink }, concurrency }: Pick<RulesOptions, 'policy' | 'concurrency'>,
): ScalingPolicy['shrink']['steps'][number] | undefined => {
  if (backlogSeconds > desired * shrink.loadSeconds || desired <= 1) return undefined
  const share = 1 - inWork / (desired * concurrency)
  return shrink.steps.findLast(({ restingShare }) => share >= restingShare)
}

/** As Application Auto Scaling rounds a change by percent: toward zero, and one at least. */
const changeBy = (tasks: number, percent: number): number => Math.max(1, Math.trunc((tasks * percent) / 100))

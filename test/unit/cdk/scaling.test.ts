/** The scaling rules: the same numbers in the template and in the simulation, and what they are chosen for. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SCALING_POLICY } from '../../../cdk/fleet/scaling-policy.ts'
import { traceNamed } from '../../../cdk/simulate/arrivals.ts'
import { ASSUMPTIONS } from '../../../cdk/simulate/assumptions.ts'
import { createFairQueue } from '../../../cdk/simulate/fair-queue.ts'
import { createRules, type Reading } from '../../../cdk/simulate/rules.ts'
import { simulate } from '../../../cdk/simulate/simulate.ts'
import { synthesise } from './synth.ts'

interface Policy {
  readonly StepScalingPolicyConfiguration: {
    readonly AdjustmentType: string
    readonly Cooldown?: number
    readonly MinAdjustmentMagnitude?: number
    readonly StepAdjustments: readonly {
      readonly MetricIntervalLowerBound?: number
      readonly MetricIntervalUpperBound?: number
      readonly ScalingAdjustment: number
    }[]
  }
}
interface Alarm {
  readonly Threshold: number
  readonly EvaluationPeriods: number
  readonly Metrics: readonly { readonly Expression?: string; readonly Id: string; readonly ReturnData?: boolean }[]
}

describe('the template has the numbers of the policy', () => {
  const resources = Object.entries(synthesise('prod').resources())
  const named = <T>(name: string, type: string): T => {
    const [found, ...more] = resources.filter(([id, { Type }]) => id.startsWith(`runner/${name}`) && Type === type)
    assert.deepEqual(more, [])
    return (found?.[1].Properties ?? assert.fail(name)) as T
  }
  const policy = (name: string) =>
    named<Policy>(`Scaling${name}`, 'AWS::ApplicationAutoScaling::ScalingPolicy').StepScalingPolicyConfiguration
  const alarm = (name: string) => named<Alarm>(`Scaling${name}Alarm`, 'AWS::CloudWatch::Alarm')
  const { wake, grow, shrink, sleep } = SCALING_POLICY

  test('wake', () => {
    assert.deepEqual(policy('Wake').StepAdjustments, [{ MetricIntervalLowerBound: 0, ScalingAdjustment: wake.tasks }])
    assert.equal(policy('Wake').Cooldown, wake.cooldownSeconds)
  })

  test('grow: each step begins where the one before ends', () => {
    const { Threshold } = alarm('Grow')
    const steps = policy('Grow').StepAdjustments.map((step) => ({
      loadSeconds: Threshold + (step.MetricIntervalLowerBound ?? 0),
      percent: step.ScalingAdjustment,
    }))
    assert.deepEqual(steps, grow.steps)
    assert.equal(policy('Grow').Cooldown, grow.cooldownSeconds)
    assert.equal(policy('Grow').MinAdjustmentMagnitude, 1)
  })

  test('shrink: in proportion to what rests, after the minutes of the policy', () => {
    const { Threshold, EvaluationPeriods } = alarm('Shrink')
    const steps = policy('Shrink').StepAdjustments.map((step) => ({
      restingShare: Math.round((Threshold + (step.MetricIntervalLowerBound ?? 0)) * 1000) / 1000,
      percent: -step.ScalingAdjustment,
    }))
    assert.deepEqual(
      steps.toSorted((a, b) => a.restingShare - b.restingShare),
      shrink.steps,
    )
    assert.equal(EvaluationPeriods, shrink.minutes)
    assert.equal(policy('Shrink').Cooldown, shrink.cooldownSeconds)
    assert.ok(
      alarm('Shrink').Metrics.some(({ Expression }) => Expression?.includes(`desired * ${shrink.loadSeconds} AND`)),
    )
  })

  test('sleep: to none, when nothing waits and nothing is in work', () => {
    assert.equal(policy('Sleep').AdjustmentType, 'ExactCapacity')
    assert.deepEqual(
      policy('Sleep').StepAdjustments.map(({ ScalingAdjustment }) => ScalingAdjustment),
      [0],
    )
    assert.equal(alarm('Sleep').EvaluationPeriods, sleep.idleMinutes)
    assert.ok(alarm('Sleep').Metrics.some(({ Expression }) => Expression === 'visible + inWork'))
  })
})

describe('the rules, run', () => {
  const rules = () => createRules({ policy: SCALING_POLICY, concurrency: 2, maxTasks: 50 })
  const reading = (over: Partial<Reading>): Reading => ({
    visible: 0,
    inWork: 0,
    backlogSeconds: 0,
    desired: 10,
    ...over,
  })
  const minutes = (count: number, over: Partial<Reading>) => Array.from({ length: count }, () => reading(over))

  test('wake an empty fleet by one task, once', () => {
    const run = rules()
    const asleep = [reading({ desired: 0, visible: 3, backlogSeconds: 90 })]
    assert.equal(run(600, asleep, 0), 1)
    assert.equal(run(660, asleep, 1), 1)
  })

  test('grow by the load of a task: a quarter, double, fourfold, and never past the limit', () => {
    assert.equal(rules()(0, [reading({ backlogSeconds: 299 })], 10), 10)
    assert.equal(rules()(0, [reading({ backlogSeconds: 300 })], 10), 12)
    assert.equal(rules()(0, [reading({ backlogSeconds: 1200 })], 10), 20)
    assert.equal(rules()(0, [reading({ backlogSeconds: 6000 })], 10), 40)
    assert.equal(rules()(0, [reading({ backlogSeconds: 60_000 })], 40), 50)
  })

  test('shrink only when it held for minutes, and by more when nearly all rests', () => {
    assert.equal(rules()(0, minutes(4, { inWork: 8 }), 10), 10)
    assert.equal(rules()(0, minutes(5, { inWork: 8 }), 10), 9)
    assert.equal(rules()(0, minutes(5, { inWork: 3 }), 10), 6)
    assert.equal(rules()(0, [...minutes(4, { inWork: 3 }), reading({ inWork: 12 })], 10), 10)
    assert.equal(rules()(0, minutes(5, { inWork: 8, backlogSeconds: 11 }), 10), 10)
  })

  test('sleep only when all is empty for the whole time', () => {
    assert.equal(rules()(0, minutes(10, { desired: 3 }), 3), 0)
    assert.notEqual(rules()(0, [...minutes(9, { desired: 3 }), reading({ desired: 3, inWork: 1 })], 3), 0)
  })
})

describe('the simulated fleet', () => {
  const base = {
    policy: SCALING_POLICY,
    assumptions: ASSUMPTIONS,
    concurrency: 2,
    secondsPerNfe: 0.1,
    spotPercent: 70,
    seed: 1,
  }

  test('uses its GPUs to 70 % in the diurnal day, and lets one in twenty wait twice the service time at most', () => {
    for (const seed of [1, 2, 3]) {
      const day = simulate({ ...base, trace: traceNamed('diurnal'), maxTasks: 20, seed })
      assert.ok(day.utilisation >= 0.7, `${day.utilisation}`)
      assert.ok(day.warm.p95 <= 2 * day.serviceSeconds, `${day.warm.p95}`)
      assert.ok(day.warm.generations > 10_000)
    }
  })

  test('is the same from the same seed, and another from another', () => {
    const run = (seed: number) => simulate({ ...base, trace: traceNamed('bursts'), maxTasks: 6, seed })
    assert.deepEqual(run(7), run(7))
    assert.notDeepEqual(run(7).totals, run(8).totals)
  })

  test('costs nothing when nobody asks, and settles all that was asked when it is large enough', () => {
    assert.equal(simulate({ ...base, trace: traceNamed('none'), maxTasks: 20 }).gpuSeconds, 0)
    const steady = simulate({ ...base, trace: traceNamed('steady'), maxTasks: 10 })
    const { busySeconds, nfeSettled, nfeLost } = steady.totals
    assert.ok(busySeconds <= steady.gpuSeconds)
    // A GPU evaluates ten NFEs a second: what is settled or lost was evaluated, but for the last, begun second of each.
    assert.ok(nfeSettled + nfeLost <= busySeconds * 10 * 1.001)
    assert.ok(nfeSettled + nfeLost >= busySeconds * 10 * 0.9)
    assert.ok(steady.mostGpus <= 10)
  })

  test('loses NFEs to interruptions, more with more of them, and still settles the same work', () => {
    const run = (interruptionsPerHour: number) =>
      simulate({
        ...base,
        trace: traceNamed('steady'),
        maxTasks: 10,
        assumptions: { ...ASSUMPTIONS, interruptionsPerHour },
      })
    const [calm, rough] = [run(0), run(2)]
    assert.equal(calm.totals.nfeLost, 0)
    assert.ok(rough.totals.interruptions > 100 && rough.totals.nfeLost > 0)
    assert.ok(rough.totals.nfeSettled > 0.9 * calm.totals.nfeSettled)
  })

  test('lets a flooding account wait for itself', () => {
    const { others, flooder } = simulate({ ...base, trace: traceNamed('flood'), maxTasks: 20 })
    assert.ok((others?.p95 ?? assert.fail()) * 10 < (flooder?.p95 ?? assert.fail()))
  })
})

test('the queue deals out between accounts in turn, and gives back in front', () => {
  const queue = createFairQueue()
  const add = (account: number, at: number) => queue.add({ account, at, nfeBudget: 10, nfeUsed: 10 })
  for (let at = 0; at < 5; at++) add(1, at)
  add(2, 5)
  add(3, 6)
  const taken = Array.from({ length: 4 }, () => queue.take() ?? assert.fail())
  assert.deepEqual(
    taken.map(({ account, at }) => [account, at]),
    [
      [1, 0],
      [2, 5],
      [3, 6],
      [1, 1],
    ],
  )
  queue.giveBack(taken[3] ?? assert.fail())
  assert.equal(queue.take()?.at, 1)
  assert.equal(queue.length(), 3)
  assert.equal(queue.nfe(), 30)
})

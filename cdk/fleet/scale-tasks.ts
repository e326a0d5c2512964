/** The alarms and step policies that carry out the scaling policy on an ECS service. */
import { Duration } from 'aws-cdk-lib'
import {
  AdjustmentType,
  type ScalableTarget,
  StepScalingAction,
  type StepScalingActionProps,
} from 'aws-cdk-lib/aws-applicationautoscaling'
import { Alarm, ComparisonOperator, type IMetric, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { ApplicationScalingAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { Construct } from 'constructs'
import type { ScalingPolicy } from './scaling-policy.ts'

export interface FleetMetrics {
  /** Messages that wait, and messages in work. */
  readonly visible: IMetric
  readonly inWork: IMetric
  /** Seconds of one GPU that all waiting work needs. */
  readonly backlogSeconds: IMetric
  /** Tasks that the service wants at present. */
  readonly desired: IMetric
}

export interface ScaleTasksProps {
  readonly target: ScalableTarget
  readonly policy: ScalingPolicy
  readonly metrics: FleetMetrics
  /** Generations that one task searches at once. */
  readonly concurrency: number
}

interface Rule {
  readonly expression: string
  readonly threshold: number
  readonly comparison: ComparisonOperator
  readonly minutes: number
  readonly missing: TreatMissingData
  readonly action: Omit<StepScalingActionProps, 'scalingTarget'>
  readonly steps: readonly { adjustment: number; lowerBound?: number; upperBound?: number }[]
}

const { GREATER_THAN_OR_EQUAL_TO_THRESHOLD, LESS_THAN_OR_EQUAL_TO_THRESHOLD } = ComparisonOperator

export class ScaleTasks extends Construct {
  constructor(scope: Construct, id: string, props: ScaleTasksProps) {
    super(scope, id)
    const { policy } = props
    this.addRule('Wake', props, {
      // Without news of the fleet it counts as asleep: a task too many is better than a queue that nobody serves.
      expression: 'IF(FILL(desired, 0) < 1, visible, 0)',
      threshold: 1,
      comparison: GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      minutes: 1,
      missing: TreatMissingData.NOT_BREACHING,
      action: {
        adjustmentType: AdjustmentType.CHANGE_IN_CAPACITY,
        cooldown: Duration.seconds(policy.wake.cooldownSeconds),
      },
      steps: [{ adjustment: policy.wake.tasks, lowerBound: 0 }],
    })
    this.addRule('Grow', props, growRule(policy))
    this.addRule('Shrink', props, shrinkRule(policy, props.concurrency))
    this.addRule('Sleep', props, {
      expression: 'visible + inWork',
      threshold: 0,
      comparison: LESS_THAN_OR_EQUAL_TO_THRESHOLD,
      minutes: policy.sleep.idleMinutes,
      missing: TreatMissingData.NOT_BREACHING,
      action: { adjustmentType: AdjustmentType.EXACT_CAPACITY },
      steps: [{ adjustment: 0, upperBound: 0 }],
    })
  }

  private addRule(name: string, { target, metrics }: ScaleTasksProps, rule: Rule): void {
    const used = Object.entries(metrics).filter(([metric]) => rule.expression.includes(metric))
    const alarm = new Alarm(this, `${name}Alarm`, {
      alarmDescription: `Scaling rule of the fleet, not a fault: ${name.toLowerCase()}.`,
      metric: new MathExpression({
        expression: rule.expression,
        usingMetrics: Object.fromEntries(used),
        period: Duration.minutes(1),
        label: name,
      }),
      threshold: rule.threshold,
      comparisonOperator: rule.comparison,
      evaluationPeriods: rule.minutes,
      treatMissingData: rule.missing,
    })
    const action = new StepScalingAction(this, name, { scalingTarget: target, ...rule.action })
    for (const step of rule.steps) action.addAdjustment(step)
    alarm.addAlarmAction(new ApplicationScalingAction(action))
  }
}

const growRule = ({ grow }: ScalingPolicy): Rule => {
  const first = grow.steps[0]?.loadSeconds ?? 0
  return {
    expression: 'IF(desired > 0, backlogSeconds / desired, 0)',
    threshold: first,
    comparison: GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    minutes: 1,
    missing: TreatMissingData.NOT_BREACHING,
    action: {
      adjustmentType: AdjustmentType.PERCENT_CHANGE_IN_CAPACITY,
      minAdjustmentMagnitude: 1,
      cooldown: Duration.seconds(grow.cooldownSeconds),
    },
    steps: grow.steps.map(({ loadSeconds, percent }, index) => {
      const next = grow.steps[index + 1]
      return {
        adjustment: percent,
        lowerBound: loadSeconds - first,
        ...(next !== undefined && { upperBound: next.loadSeconds - first }),
      }
    }),
  }
}

const shrinkRule = ({ shrink }: ScalingPolicy, concurrency: number): Rule => {
  const first = shrink.steps[0]?.restingShare ?? 1
  return {
    expression: `IF(backlogSeconds <= desired * ${shrink.loadSeconds} AND desired > 1, 1 - inWork / (desired * ${concurrency}), 0)`,
    threshold: first,
    comparison: GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    minutes: shrink.minutes,
    missing: TreatMissingData.NOT_BREACHING,
    action: {
      adjustmentType: AdjustmentType.PERCENT_CHANGE_IN_CAPACITY,
      minAdjustmentMagnitude: 1,
      cooldown: Duration.seconds(shrink.cooldownSeconds),
    },
    steps: shrink.steps.map(({ restingShare, percent }, index) => {
      const next = shrink.steps[index + 1]
      return {
        adjustment: -percent,
        lowerBound: tidy(restingShare - first),
        ...(next !== undefined && { upperBound: tidy(next.restingShare - first) }),
      }
    }),
  }
}

/** Differences of shares without the dust of binary fractions. */
const tidy = (share: number): number => Math.round(share * 1000) / 1000

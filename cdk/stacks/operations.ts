/** What tells a human: alarms, each with a section in the runbook, a dashboard, and the budget. */
import { Duration, Stack, type StackProps } from 'aws-cdk-lib'
import { CfnBudget } from 'aws-cdk-lib/aws-budgets'
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { BundledFunction } from '../constructs/bundled-function.ts'
import type { Metering } from '../constructs/metering.ts'
import { metricsNamespace } from '../fleet/metrics.ts'
import type { StageSettings } from '../stages.ts'
import type { Data } from './data.ts'
import type { EdgeStack } from './edge.ts'
import type { FunctionsStack } from './functions.ts'
import type { RunnerStack } from './runner.ts'

export interface OperationsStackProps extends StackProps {
  readonly stage: StageSettings
  readonly data: Data
  readonly edge: EdgeStack
  readonly functions: FunctionsStack
  readonly runner: RunnerStack
}

interface AlarmRule {
  readonly metric: IMetric
  readonly above: number
  /** Minutes in a row. */
  readonly minutes: number
  readonly says: string
}

const MINUTE = Duration.minutes(1)

/** Alarm -> rule. docs/runbook.md has a section for each name; a test compares. */
const alarmRules = ({ data, edge, functions, runner, stage }: OperationsStackProps): Record<string, AlarmRule> => {
  const sum = { period: MINUTE, statistic: 'Sum' }
  const errors = (of: { metricErrors(props: typeof sum): IMetric }) => of.metricErrors(sum)
  // The API answers its failures: to Lambda they are no errors. This counts them, crashes and timeouts too.
  const answered5xx = (of: BundledFunction) => of.function.metric('Url5xxCount', sum)
  const age = (queue: Queue) => queue.metricApproximateAgeOfOldestMessage({ period: MINUTE, statistic: 'Maximum' })
  const length = (queue: Queue) =>
    queue.metricApproximateNumberOfMessagesVisible({ period: MINUTE, statistic: 'Maximum' })
  const dead = Object.fromEntries(
    Object.entries(data.deadQueues).map(([name, queue]) => [
      `Dead${name[0]?.toUpperCase()}${name.slice(1)}`,
      { metric: length(queue), above: 0, minutes: 1, says: `Messages of ${name} were put aside after 50 receipts.` },
    ]),
  )
  return {
    ApiErrors: { metric: answered5xx(edge.api), above: 5, minutes: 3, says: 'The API fails with 5xx.' },
    ApiSlow: {
      metric: edge.api.function.metricDuration({ period: MINUTE, statistic: 'p95' }),
      above: 3000,
      minutes: 5,
      says: 'The API takes more than 3 s for one request in twenty.',
    },
    EventsErrors: { metric: answered5xx(edge.events), above: 5, minutes: 3, says: 'Live events fail.' },
    WebhooksErrors: {
      metric: errors(functions.webhooks.function),
      above: 5,
      minutes: 3,
      says: 'The webhook worker fails.',
    },
    DeliveriesLate: {
      metric: age(data.queues.deliveries),
      above: 900,
      minutes: 5,
      says: 'Webhooks wait for 15 minutes.',
    },
    ReconcileFails: { metric: errors(functions.reconcile.function), above: 0, minutes: 5, says: 'Reconcile fails.' },
    BacklogFails: {
      metric: errors(runner.backlog.function),
      above: 0,
      minutes: 5,
      says: 'The backlog is not measured: the fleet wakes and sleeps, but does not grow.',
    },
    GenerationsLate: {
      metric: age(data.queues.generations),
      above: 1800,
      minutes: 5,
      says: 'A generation waits for 30 minutes.',
    },
    FleetStuck: {
      metric: new MathExpression({
        expression: 'IF(visible > 0 AND running < 1, 1, 0)',
        usingMetrics: { visible: runner.metrics.visible, running: runner.metrics.running },
        period: MINUTE,
      }),
      above: 0,
      minutes: 20,
      says: 'Work waits and no task runs: no quota, no spot capacity, or a task that does not start.',
    },
    FleetAtLimit: {
      metric: runner.metrics.desired,
      above: stage.fleet.maxTasks - 1,
      minutes: 15,
      says: 'The fleet is at its largest.',
    },
    TableThrottled: {
      metric: data.table.metricThrottledRequestsForOperations({ operations: TABLE_OPERATIONS, period: MINUTE }),
      above: 5,
      minutes: 3,
      says: 'DynamoDB refuses requests: one account is hotter than a partition.',
    },
    ...dead,
    ...(functions.metering && meteringRules(functions.metering, { stage, length })),
  }
}

const meteringRules = (
  metering: Metering,
  { stage, length }: { stage: StageSettings; length: (queue: Queue) => IMetric },
): Record<string, AlarmRule> => ({
  MeteringLate: {
    metric: metering.stream.function.metric('IteratorAge', { period: MINUTE, statistic: 'Maximum' }),
    above: 3_600_000,
    minutes: 5,
    says: 'Settlements wait for an hour to be sent to Stripe.',
  },
  MeteringReportFails: {
    metric: metering.report.function.metricErrors({ period: MINUTE, statistic: 'Sum' }),
    above: 0,
    minutes: 1,
    says: 'The metering report of a day was not made.',
  },
  MeteringOpen: {
    metric: new Metric({
      namespace: metricsNamespace(stage.name),
      metricName: 'OpenAccounts',
      dimensionsMap: { service: 'metering-report' },
      period: MINUTE,
      statistic: 'Maximum',
    }),
    above: 0,
    minutes: 1,
    says: 'Stripe and the ledger differ, or events are in doubt.',
  },
  DeadMetering: {
    metric: length(metering.deadQueue),
    above: 0,
    minutes: 1,
    says: 'Settlements were not sent to Stripe for 20 hours.',
  },
})

const TABLE_OPERATIONS = ['GetItem', 'PutItem', 'UpdateItem', 'Query', 'TransactWriteItems'].map(
  (name) => name as import('aws-cdk-lib/aws-dynamodb').Operation,
)

export class OperationsStack extends Stack {
  constructor(scope: Construct, id: string, props: OperationsStackProps) {
    const { stage, data: _, edge: __, functions: ___, runner: ____, ...stackProps } = props
    super(scope, id, stackProps)
    const topic = new Topic(this, 'Alarms', { enforceSSL: true })
    if (stage.alarmEmail !== undefined) topic.addSubscription(new EmailSubscription(stage.alarmEmail))
    for (const [name, rule] of Object.entries(alarmRules(props))) {
      const alarm = new Alarm(this, name, {
        alarmName: `rollover-${stage.name}-${name}`,
        alarmDescription: `${rule.says} Runbook: docs/runbook.md, ${name}.`,
        metric: rule.metric,
        threshold: rule.above,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluationPeriods: rule.minutes,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      })
      alarm.addAlarmAction(new SnsAction(topic))
      alarm.addOkAction(new SnsAction(topic))
    }
    this.createDashboard(props)
    this.createBudget(stage)
  }

  private createDashboard({ stage, data, edge, runner }: OperationsStackProps): void {
    const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
      new GraphWidget({ title, left, right, width: 12, period: MINUTE })
    new Dashboard(this, 'Dashboard', {
      dashboardName: `rollover-${stage.name}`,
      widgets: [
        [
          graph(
            'API',
            [edge.api.function.metricInvocations(), edge.api.function.metric('Url5xxCount', { statistic: 'Sum' })],
            [edge.api.function.metricDuration({ statistic: 'p95' })],
          ),
          graph('Generations', [runner.metrics.visible, runner.metrics.inWork], [runner.metrics.backlogSeconds]),
        ],
        [
          graph('Fleet', [runner.metrics.desired, runner.metrics.running]),
          graph(
            'Deliveries',
            [data.queues.deliveries.metricApproximateNumberOfMessagesVisible()],
            [data.queues.deliveries.metricApproximateAgeOfOldestMessage()],
          ),
        ],
      ],
    })
  }

  /** Counts what carries the tag `rollover:stage`, once it is activated as a cost allocation tag. */
  private createBudget({ name, monthlyBudgetUsd, alarmEmail }: StageSettings): void {
    const subscribers = alarmEmail === undefined ? [] : [{ subscriptionType: 'EMAIL', address: alarmEmail }]
    new CfnBudget(this, 'Budget', {
      budget: {
        budgetName: `rollover-${name}`,
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: monthlyBudgetUsd, unit: 'USD' },
        costFilters: { TagKeyValue: [`user:rollover:stage$${name}`] },
      },
      notificationsWithSubscribers:
        subscribers.length === 0
          ? []
          : ['ACTUAL', 'FORECASTED'].map((notificationType) => ({
              notification: {
                notificationType,
                comparisonOperator: 'GREATER_THAN',
                threshold: 90,
                thresholdType: 'PERCENTAGE',
              },
              subscribers,
            })),
    })
  }
}

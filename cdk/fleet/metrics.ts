/** The metrics that functions/backlog publishes, each minute. */
import { Duration } from 'aws-cdk-lib'
import { Metric } from 'aws-cdk-lib/aws-cloudwatch'

export type FleetMetricName = 'BacklogSeconds' | 'DesiredTasks' | 'RunningTasks'

export const fleetMetric = (stageName: string, metricName: FleetMetricName): Metric =>
  new Metric({
    namespace: `Rollover/${stageName}`,
    metricName,
    dimensionsMap: { service: 'backlog' },
    statistic: 'Maximum',
    period: Duration.minutes(1),
  })

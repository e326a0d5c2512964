/** The metrics that the functions publish, by Powertools; the fleet's come from functions/backlog, each minute. */
import { Duration } from 'aws-cdk-lib'
import { Metric } from 'aws-cdk-lib/aws-cloudwatch'

export type FleetMetricName = 'BacklogSeconds' | 'DesiredTasks' | 'RunningTasks'

export const metricsNamespace = (stageName: string): string => `Rollover/${stageName}`

export const fleetMetric = (stageName: string, metricName: FleetMetricName): Metric =>
  new Metric({
    namespace: metricsNamespace(stageName),
    metricName,
    dimensionsMap: { service: 'backlog' },
    statistic: 'Maximum',
    period: Duration.minutes(1),
  })

/** The backlog as metrics, each minute, on a schedule. */
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { measureBacklog } from './measure-backlog.ts'
import { connectBacklog } from './settings.ts'

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const context = connectBacklog(process.env, Date.now)
const metrics = new Metrics()

export const handler = async (): Promise<void> => {
  const backlog = await measureBacklog(context)
  metrics.addMetric('BacklogSeconds', MetricUnit.Seconds, backlog.backlogSeconds)
  metrics.addMetric('DesiredTasks', MetricUnit.Count, backlog.desiredTasks)
  metrics.addMetric('RunningTasks', MetricUnit.Count, backlog.runningTasks)
  metrics.publishStoredMetrics()
}

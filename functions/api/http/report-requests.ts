/** Requests as structured log lines and metrics of CloudWatch, by Powertools, whose settings are POWERTOOLS_*. */
import { Logger } from '@aws-lambda-powertools/logger'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { Observed } from './observe.ts'

export const reportRequests = (): ((request: Observed) => void) => {
  const logger = new Logger()
  const metrics = new Metrics()
  return (request) => {
    logger.info('request', { ...request })
    metrics.addMetric('Latency', MetricUnit.Milliseconds, request.ms)
    if (request.status >= 500) metrics.addMetric('ServerErrors', MetricUnit.Count, 1)
    metrics.publishStoredMetrics()
  }
}

/** Reconcile as an AWS Lambda on a schedule. */
import { Logger } from '@aws-lambda-powertools/logger'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { reconcile } from './reconcile.ts'
import { connectReconcile } from './settings.ts'

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const context = connectReconcile(process.env, Date.now)
const logger = new Logger()
const metrics = new Metrics()

/** Tells only of what it did: most minutes nothing was half done. */
export const handler = async (): Promise<void> => {
  const done = Object.entries(await reconcile(context)).filter(([, count]) => count > 0)
  if (done.length === 0) return
  logger.info('reconciled', Object.fromEntries(done))
  for (const [what, count] of done) metrics.addMetric(what, MetricUnit.Count, count)
  metrics.publishStoredMetrics()
}

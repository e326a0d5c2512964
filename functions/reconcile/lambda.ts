/** Reconcile as an AWS Lambda on a schedule. */
import { Logger } from '@aws-lambda-powertools/logger'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { planReconcile, reconcile } from './reconcile.ts'
import { connectReconcile } from './settings.ts'

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const context = connectReconcile(process.env, Date.now)
const logger = new Logger()
const metrics = new Metrics()

type Plan = Awaited<ReturnType<typeof planReconcile>>

/** What somebody calls it with by hand; the schedule's own event has no such field. */
interface Asked {
  /** Does nothing, and answers with what a run would do now. */
  readonly dry_run?: boolean
}

/** Tells only of what it did: most minutes nothing was half done. */
export const handler = async ({ dry_run }: Asked = {}): Promise<Plan | undefined> => {
  if (dry_run === true) return planReconcile(context)
  const done = Object.entries(await reconcile(context)).filter(([, count]) => count > 0)
  if (done.length === 0) return undefined
  logger.info('reconciled', Object.fromEntries(done))
  for (const [what, count] of done) metrics.addMetric(what, MetricUnit.Count, count)
  metrics.publishStoredMetrics()
  return undefined
}

/** The reconciliation report of yesterday as an AWS Lambda on a daily schedule. */
import { Logger } from '@aws-lambda-powertools/logger'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { readReferences } from '../../../shared/aws/read-references.ts'
import { connectReport } from '../settings.ts'
import { reconcileDay } from './reconcile-day.ts'

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const context = connectReport(await readReferences(process.env), Date.now)
const logger = new Logger()
const metrics = new Metrics()
const DAY_MS = 86_400_000

/** `{"day": "2026-11-24"}` makes the report of another day. */
export const handler = async ({ day }: { readonly day?: string } = {}): Promise<void> => {
  const start = day === undefined ? (Math.floor(Date.now() / DAY_MS) - 1) * DAY_MS : Date.parse(`${day}T00:00:00Z`)
  const report = await reconcileDay(context, start)
  const open = report.accounts.filter(
    ({ verdict, unsure, refused }) => verdict === 'differs' || unsure.length + refused.length > 0,
  )
  logger.info('metering report', { day: report.day, accounts: report.accounts.length, open })
  metrics.addMetric('OpenAccounts', MetricUnit.Count, open.length)
  metrics.publishStoredMetrics()
}

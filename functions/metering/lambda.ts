/** Metering as an AWS Lambda on the table's stream, which a filter narrows to the settlements. */
import { Logger } from '@aws-lambda-powertools/logger'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { readReferences } from '../../shared/aws/read-references.ts'
import { meterRecords } from './meter-records.ts'
import { connectMetering } from './settings.ts'
import type { StreamRecord } from './settlement-of-record.ts'

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const context = connectMetering(await readReferences(process.env), Date.now)
const logger = new Logger()
const metrics = new Metrics()

export const handler = async (event: { readonly Records: readonly StreamRecord[] }) => {
  const { outcomes, failedFrom, error } = await meterRecords(context, event.Records)
  for (const [outcome, count] of Object.entries(outcomes)) metrics.addMetric(outcome, MetricUnit.Count, count)
  metrics.publishStoredMetrics()
  if (failedFrom === undefined) return { batchItemFailures: [] }
  logger.error('a settlement was not metered; it comes again', { error: String(error) })
  return { batchItemFailures: [{ itemIdentifier: failedFrom }] }
}

/** What works in the background: webhooks from their queue, reconcile every minute, metering where the stage has it. */
import { Duration, Stack, type StackProps } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources'
import type { Construct } from 'constructs'
import { type Access, grantAccess, OBJECT_PREFIXES } from '../constructs/access.ts'
import { BundledFunction } from '../constructs/bundled-function.ts'
import { Metering } from '../constructs/metering.ts'
import type { StageSettings } from '../stages.ts'
import type { Data } from './data.ts'

export interface FunctionsStackProps extends StackProps {
  readonly stage: StageSettings
  readonly data: Data
  readonly publicUrl: string
}

export const WEBHOOKS_ACCESS: Access = { table: ['GetItem', 'PutItem', 'UpdateItem', 'Query'], sends: ['deliveries'] }
export const RECONCILE_ACCESS: Access = {
  table: ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'],
  queriesDue: true,
  sends: ['generations', 'lowPriority', 'deliveries'],
  deletes: OBJECT_PREFIXES,
}

/** Above the longest exchange with a receiver (WEBHOOK_TIMEOUT_SECONDS). */
const WEBHOOKS_TIMEOUT_SECONDS = 60

export class FunctionsStack extends Stack {
  readonly webhooks: BundledFunction
  readonly reconcile: BundledFunction
  /** Where the stage has it. */
  readonly metering: Metering | undefined

  constructor(scope: Construct, id: string, { stage, data, publicUrl, ...props }: FunctionsStackProps) {
    super(scope, id, props)
    const environment = { ...data.names, PUBLIC_URL: publicUrl }
    this.webhooks = new BundledFunction(this, 'Webhooks', {
      description: 'Rollover: delivers webhooks.',
      entry: 'functions/webhooks/lambda.ts',
      memoryMiB: 512,
      timeoutSeconds: WEBHOOKS_TIMEOUT_SECONDS,
      service: 'webhooks',
      stage,
      environment,
    })
    grantAccess(this.webhooks.function, data, WEBHOOKS_ACCESS)
    this.webhooks.function.addEventSource(
      new SqsEventSource(data.queues.deliveries, { batchSize: 5, maxConcurrency: 20, reportBatchItemFailures: true }),
    )
    this.reconcile = new BundledFunction(this, 'Reconcile', {
      description: 'Rollover: finishes what a crash left half done.',
      entry: 'functions/reconcile/lambda.ts',
      memoryMiB: 512,
      timeoutSeconds: 120,
      service: 'reconcile',
      stage,
      environment,
    })
    grantAccess(this.reconcile.function, data, RECONCILE_ACCESS)
    everyMinute(this, 'ReconcileEveryMinute', this.reconcile)
    this.metering = stage.metering && new Metering(this, 'Metering', { stage, data, meter: stage.metering })
  }
}

/** Runs a function each minute. A failed run is not repeated: the next one does its work. */
export const everyMinute = (scope: Construct, id: string, target: BundledFunction): Rule =>
  new Rule(scope, id, {
    schedule: Schedule.rate(Duration.minutes(1)),
    targets: [new LambdaFunction(target.function, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
  })

/** Settlements to Stripe: one function on the table's stream, and one that draws up the account of each day. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type { ITable } from 'aws-cdk-lib/aws-dynamodb'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda'
import { DynamoEventSource, SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { Data } from '../stacks/data.ts'
import type { StageSettings } from '../stages.ts'
import { accept } from './accept.ts'
import { type Access, grantAccess } from './access.ts'
import { BundledFunction } from './bundled-function.ts'
import { freeze } from './freeze.ts'

export const METERING_ACCESS: Access = { table: ['GetItem', 'PutItem', 'UpdateItem'] }
export const METERING_REPORT_ACCESS: Access = {
  table: ['BatchGetItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'],
  writes: ['reports/'],
}

/** Below the 23 hours in which an event may be sent again: what is older is the report's. */
const RETRY_HOURS = 20

export interface MeteringProps {
  readonly stage: StageSettings
  readonly data: Data
  readonly meter: NonNullable<StageSettings['metering']>
}

export class Metering extends Construct {
  readonly stream: BundledFunction
  readonly report: BundledFunction
  readonly deadQueue: Queue
  private readonly secret: Secret

  constructor(scope: Construct, id: string, props: MeteringProps) {
    super(scope, id)
    const { stage, data, meter } = props
    this.secret = this.createSecret(stage)
    const environment = {
      TABLE_NAME: data.names.TABLE_NAME,
      STRIPE_API_KEY: `secret:${this.secret.secretArn}#STRIPE_API_KEY`,
      STRIPE_EVENT_NAME: meter.eventName,
    }
    const common = { memoryMiB: 256, stage }
    this.stream = new BundledFunction(this, 'Stream', {
      ...common,
      service: 'metering',
      description: 'Rollover: sends settled NFEs to Stripe.',
      entry: 'functions/metering/lambda.ts',
      timeoutSeconds: 300,
      environment,
    })
    this.report = new BundledFunction(this, 'Report', {
      ...common,
      service: 'metering-report',
      description: 'Rollover: compares a day of settlements with what Stripe counted.',
      entry: 'functions/metering/report/lambda.ts',
      timeoutSeconds: 900,
      environment: { ...environment, OUTPUTS_BUCKET: data.names.OUTPUTS_BUCKET, STRIPE_METER_ID: meter.meterId },
    })
    grantAccess(this.stream.function, data, METERING_ACCESS)
    grantAccess(this.report.function, data, METERING_REPORT_ACCESS)
    for (const { function: reader } of [this.stream, this.report])
      reader.addToRolePolicy(
        new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [this.secret.secretArn] }),
      )
    this.deadQueue = this.createDeadQueue(data)
    this.readStream(data)
    new Rule(this, 'Daily', {
      schedule: Schedule.cron({ hour: '2', minute: '15' }),
      targets: [new LambdaFunction(this.report.function, { retryAttempts: 2 })],
    })
  }

  /** Of the whole stream only new entries of the ledger that settle something. */
  private readStream(data: Data): void {
    this.stream.function.addEventSource(
      new DynamoEventSource(data.table as ITable, {
        startingPosition: StartingPosition.TRIM_HORIZON,
        batchSize: 20,
        reportBatchItemFailures: true,
        maxRecordAge: Duration.hours(RETRY_HOURS),
        // By its ARN: the queue itself would grant more on its key than the function has already.
        onFailure: new SqsDlq(Queue.fromQueueArn(this, 'DeadLetters', this.deadQueue.queueArn)),
        filters: [
          FilterCriteria.filter({
            eventName: FilterRule.isEqual('INSERT'),
            dynamodb: { NewImage: { kind: { S: FilterRule.isEqual('settle') } } },
          }),
        ],
      }),
    )
  }

  private createDeadQueue({ key }: Data): Queue {
    const queue = new Queue(this, 'Dead', {
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      ...(key === undefined
        ? { encryption: QueueEncryption.SQS_MANAGED }
        : { encryption: QueueEncryption.KMS, encryptionMasterKey: key }),
    })
    accept(queue, { 'AwsSolutions-SQS3': 'It is the dead queue of a stream, which the rule does not know to be one.' })
    return freeze(queue, 'MeteringDeadQueue')
  }

  private createSecret(stage: StageSettings): Secret {
    const secret = new Secret(this, 'StripeSecret', {
      description: 'Rollover: STRIPE_API_KEY, a restricted key that the operator puts here.',
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ STRIPE_API_KEY: 'rk_not_set' }),
        generateStringKey: 'unused',
      },
      removalPolicy: stage.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    })
    accept(secret, {
      'AwsSolutions-SMG4': 'Stripe makes its keys; docs/runbook.md says how to put a new one here.',
    })
    return freeze(secret, 'StripeSecret')
  }
}

/** What must not be lost: the table, the images, the queues, the secrets. */
import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb'
import { Key } from 'aws-cdk-lib/aws-kms'
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  HttpMethods,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { ParameterTier, StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import { DUE_ATTRIBUTES, DUE_INDEX, TTL_ATTRIBUTE } from '../../shared/stores/table.ts'
import { accept } from '../constructs/accept.ts'
import type { QueueName } from '../constructs/access.ts'
import { freeze } from '../constructs/freeze.ts'
import type { StageSettings } from '../stages.ts'

/** What the other stacks may know of the data. */
export interface Data {
  readonly table: Table
  readonly dueIndexArn: string
  readonly queues: Readonly<Record<QueueName, Queue>>
  readonly deadQueues: Readonly<Record<QueueName, Queue>>
  readonly bucket: Bucket
  readonly logsBucket: Bucket
  /** A JSON object: KEY_PEPPER, made here, and ADMIN_KEY_HASH, set by the operator. */
  readonly edgeSecret: Secret
  /** The parameter of the content policy, where the stage has one: read as a process starts. */
  readonly contentPolicy: { readonly name: string; readonly arn: string } | undefined
  /** The customer managed key, where the stage has one. */
  readonly key: Key | undefined
  /** Names as the service's settings want them. */
  readonly names: Readonly<
    Record<
      'TABLE_NAME' | 'GENERATIONS_QUEUE_URL' | 'LOW_PRIORITY_QUEUE_URL' | 'DELIVERIES_QUEUE_URL' | 'OUTPUTS_BUCKET',
      string
    >
  >
}

export interface DataStackProps extends StackProps {
  readonly stage: StageSettings
}

/** Beyond the longest retention that a client may ask for (shared/domain/retention.ts), a week of grace included. */
const FORGOTTEN_DAYS = 372
/** Far above the runner's own limit: what comes to a dead queue was never readable. */
const MAX_RECEIVES = 50
/** What Systems Manager keeps in a parameter, and in one for which it asks nothing. */
const MAX_POLICY_CHARACTERS = 8192
const STANDARD_POLICY_CHARACTERS = 4096
/** Six times the webhook function's timeout, as Lambda asks of its queues. */
const DELIVERIES_VISIBILITY_SECONDS = 360

export class DataStack extends Stack implements Data {
  readonly table: Table
  readonly dueIndexArn: string
  readonly queues: Record<QueueName, Queue>
  readonly deadQueues: Record<QueueName, Queue>
  readonly bucket: Bucket
  readonly logsBucket: Bucket
  readonly edgeSecret: Secret
  readonly contentPolicy: Data['contentPolicy']
  readonly key: Key | undefined
  readonly names: Data['names']

  constructor(scope: Construct, id: string, { stage, ...props }: DataStackProps) {
    super(scope, id, props)
    const removalPolicy = stage.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY
    this.key = stage.customerKey
      ? freeze(
          new Key(this, 'Key', { enableKeyRotation: true, removalPolicy, alias: `rollover/${stage.name}` }),
          'DataKey',
        )
      : undefined
    this.table = this.createTable(stage, removalPolicy)
    this.dueIndexArn = `${this.table.tableArn}/index/${DUE_INDEX}`
    this.logsBucket = this.createLogsBucket(stage, removalPolicy)
    this.bucket = this.createOutputs(stage, removalPolicy)
    this.deadQueues = {
      generations: this.createDeadQueue('Generations'),
      lowPriority: this.createDeadQueue('LowPriority'),
      deliveries: this.createDeadQueue('Deliveries'),
    }
    this.queues = {
      // A runner says at each receive how long it wants the message hidden.
      generations: this.createQueue('Generations', { dead: this.deadQueues.generations, visibilitySeconds: 30 }),
      lowPriority: this.createQueue('LowPriority', { dead: this.deadQueues.lowPriority, visibilitySeconds: 30 }),
      deliveries: this.createQueue('Deliveries', {
        dead: this.deadQueues.deliveries,
        visibilitySeconds: DELIVERIES_VISIBILITY_SECONDS,
      }),
    }
    this.edgeSecret = this.createEdgeSecret(removalPolicy)
    this.contentPolicy = stage.contentPolicy && this.createContentPolicy(stage.name, stage.contentPolicy)
    this.names = {
      TABLE_NAME: this.table.tableName,
      GENERATIONS_QUEUE_URL: this.queues.generations.queueUrl,
      LOW_PRIORITY_QUEUE_URL: this.queues.lowPriority.queueUrl,
      DELIVERIES_QUEUE_URL: this.queues.deliveries.queueUrl,
      OUTPUTS_BUCKET: this.bucket.bucketName,
    }
  }

  /** As shared/stores/table.ts defines it; a test compares the two. */
  private createTable(stage: StageSettings, removalPolicy: RemovalPolicy): Table {
    const text = (name: string) => ({ name, type: AttributeType.STRING })
    const table = new Table(this, 'Table', {
      partitionKey: text('pk'),
      sortKey: text('sk'),
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: stage.keepData,
      timeToLiveAttribute: TTL_ATTRIBUTE,
      removalPolicy,
      ...(this.key !== undefined && { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: this.key }),
      // Metering reads settlements from here, and nothing else does.
      ...(stage.metering !== undefined && { stream: StreamViewType.NEW_IMAGE }),
    })
    table.addGlobalSecondaryIndex({
      indexName: DUE_INDEX,
      partitionKey: text('duePk'),
      sortKey: text('dueSk'),
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: [...DUE_ATTRIBUTES],
    })
    return freeze(table, 'Table')
  }

  private createLogsBucket(stage: StageSettings, removalPolicy: RemovalPolicy): Bucket {
    const bucket = new Bucket(this, 'Logs', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      // CloudFront writes its access logs by ACL.
      objectOwnership: ObjectOwnership.BUCKET_OWNER_PREFERRED,
      lifecycleRules: [{ expiration: Duration.days(stage.logDays) }],
      removalPolicy,
      autoDeleteObjects: !stage.keepData,
    })
    return freeze(bucket, 'AccessLogs')
  }

  private createOutputs(stage: StageSettings, removalPolicy: RemovalPolicy): Bucket {
    const bucket = new Bucket(this, 'Outputs', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      ...(this.key === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey: this.key, bucketKeyEnabled: true }),
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      serverAccessLogsBucket: this.logsBucket as IBucket,
      serverAccessLogsPrefix: 'outputs/',
      // A presigned link is the permission; any page that was given one may read it.
      cors: [{ allowedMethods: [HttpMethods.GET, HttpMethods.HEAD], allowedOrigins: ['*'], maxAge: 3600 }],
      lifecycleRules: [
        { id: 'uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
        // Reconcile deletes by each generation's own retention, a year at most; this takes what it never knew of.
        { id: 'forgotten', expiration: Duration.days(FORGOTTEN_DAYS) },
      ],
      removalPolicy,
      autoDeleteObjects: !stage.keepData,
    })
    return freeze(bucket, 'Outputs')
  }

  private createDeadQueue(name: string): Queue {
    return freeze(
      new Queue(this, `${name}Dead`, { ...this.queueSecurity(), retentionPeriod: Duration.days(14) }),
      `${name}DeadQueue`,
    )
  }

  private createQueue(name: string, on: { dead: Queue; visibilitySeconds: number }): Queue {
    const queue = new Queue(this, name, {
      ...this.queueSecurity(),
      retentionPeriod: Duration.days(14),
      visibilityTimeout: Duration.seconds(on.visibilitySeconds),
      receiveMessageWaitTime: Duration.seconds(20),
      deadLetterQueue: { queue: on.dead, maxReceiveCount: MAX_RECEIVES },
    })
    return freeze(queue, `${name}Queue`)
  }

  private queueSecurity() {
    return {
      enforceSSL: true,
      ...(this.key === undefined
        ? { encryption: QueueEncryption.SQS_MANAGED }
        : { encryption: QueueEncryption.KMS, encryptionMasterKey: this.key }),
    }
  }

  private createContentPolicy(
    stage: string,
    policy: NonNullable<StageSettings['contentPolicy']>,
  ): Data['contentPolicy'] {
    const stringValue = JSON.stringify(policy)
    if (stringValue.length > MAX_POLICY_CHARACTERS)
      throw new Error(
        `contentPolicy has ${stringValue.length} characters, of ${MAX_POLICY_CHARACTERS}: use a classifier.`,
      )
    // By name: an export would keep the policy from being taken away again.
    const name = `/rollover/${stage}/content-policy`
    new StringParameter(this, 'ContentPolicy', {
      parameterName: name,
      stringValue,
      tier: stringValue.length > STANDARD_POLICY_CHARACTERS ? ParameterTier.ADVANCED : ParameterTier.STANDARD,
    })
    return { name, arn: this.formatArn({ service: 'ssm', resource: 'parameter', resourceName: name.slice(1) }) }
  }

  private createEdgeSecret(removalPolicy: RemovalPolicy): Secret {
    const secret = new Secret(this, 'EdgeSecret', {
      description: 'Rollover: KEY_PEPPER and ADMIN_KEY_HASH of the API.',
      generateSecretString: {
        // No key has this hash: until the operator makes one, nobody administers.
        secretStringTemplate: JSON.stringify({ ADMIN_KEY_HASH: '0'.repeat(64) }),
        generateStringKey: 'KEY_PEPPER',
        passwordLength: 64,
        excludePunctuation: true,
      },
      removalPolicy,
    })
    accept(secret, {
      'AwsSolutions-SMG4':
        'Every stored key is an HMAC under the pepper: a new pepper would void all keys. docs/deploy.md says how to rotate.',
    })
    return freeze(secret, 'EdgeSecret')
  }
}

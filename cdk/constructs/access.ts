/**
 * Who may do what with the data. Each process of the service lists exactly the calls that its code makes; a test compares
 * the lists with the bundled code.
 */

import { Stack } from 'aws-cdk-lib'
import type { IGrantable } from 'aws-cdk-lib/aws-iam'
import { Grant, Role } from 'aws-cdk-lib/aws-iam'
import type { Data } from '../stacks/data.ts'
import { accept } from './accept.ts'

export type TableAction = 'GetItem' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'Query' | 'BatchGetItem'
export type QueueName = 'generations' | 'lowPriority' | 'deliveries'

export interface Access {
  readonly table: readonly TableAction[]
  /** Queries the index of what is due. */
  readonly queriesDue?: boolean
  /** Queues it sends to. */
  readonly sends?: readonly QueueName[]
  /** Queues it receives from by its own calls. */
  readonly receives?: readonly QueueName[]
  /** Queues whose length it reads. */
  readonly measures?: readonly QueueName[]
  /** Prefixes of the bucket it reads from (presigned links included: they carry the rights of who signed), and writes to. */
  readonly reads?: readonly string[]
  readonly writes?: readonly string[]
  /** Prefixes it lists, and deletes what it finds. */
  readonly deletes?: readonly string[]
}

/** Every folder that keeps objects of a generation; deleting one empties them all. */
export const OBJECT_PREFIXES = ['outputs/', 'traces/', 'checkpoints/', 'previews/'] as const

/** What DynamoDB, S3 and SQS do with the key on a caller's behalf. */
const USE_KEY = [
  'kms:Encrypt',
  'kms:Decrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKey',
  'kms:DescribeKey',
]
const RECEIVE = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility']

export const grantAccess = (grantee: IGrantable, data: Data, access: Access): void => {
  const allow = (actions: readonly string[], resourceArns: readonly string[]) =>
    Grant.addToPrincipal({ grantee, actions: [...actions], resourceArns: [...resourceArns] })
  const table = access.table.map((action) => `dynamodb:${action}`)
  if (table.length > 0) allow(table, [data.table.tableArn])
  if (access.queriesDue === true) allow(['dynamodb:Query'], [data.dueIndexArn])
  const queues = (names: readonly QueueName[] = []) => names.map((name) => data.queues[name].queueArn)
  for (const [actions, names] of [
    [['sqs:SendMessage'], access.sends],
    [RECEIVE, access.receives],
    [['sqs:GetQueueAttributes'], access.measures],
  ] as const)
    if (names !== undefined) allow(actions, queues(names))
  const objects = (prefixes: readonly string[]) => prefixes.map((prefix) => data.bucket.arnForObjects(`${prefix}*`))
  if (access.reads !== undefined) allow(['s3:GetObject'], objects(access.reads))
  if (access.writes !== undefined) allow(['s3:PutObject'], objects(access.writes))
  if (access.deletes !== undefined) {
    allow(['s3:DeleteObject'], objects(access.deletes))
    Grant.addToPrincipal({
      grantee,
      actions: ['s3:ListBucket'],
      resourceArns: [data.bucket.bucketArn],
      conditions: { StringLike: { 's3:prefix': access.deletes.map((prefix) => `${prefix}*`) } },
    })
  }
  if (data.key !== undefined) allow(USE_KEY, [data.key.keyArn])
  acceptPrefixes(grantee, data, [...(access.reads ?? []), ...(access.writes ?? []), ...(access.deletes ?? [])])
}

/** The setting of a process that asks the content policy; it needs `ssm:GetParameter` of it too. */
export const contentPolicyEnvironment = ({ contentPolicy }: Data): Record<string, string> =>
  contentPolicy === undefined ? {} : { CONTENT_POLICY: `parameter:${contentPolicy.name}` }

/** The bucket as its stack exports it to the others; the hash in the name is that of its frozen logical id. */
const BUCKET_EXPORT = 'ExportsOutputFnGetAttOutputsArnF27DB3D0'

const acceptPrefixes = (grantee: IGrantable, data: Data, prefixes: readonly string[]): void => {
  if (!(grantee.grantPrincipal instanceof Role)) throw new TypeError('only roles of this app are granted access')
  for (const prefix of new Set(prefixes))
    accept(grantee.grantPrincipal, {
      [`AwsSolutions-IAM5[Resource::${Stack.of(data.bucket).stackName}:${BUCKET_EXPORT}/${prefix}*]`]:
        'Keys of objects are made while the service runs; the prefix is what separates them.',
    })
}

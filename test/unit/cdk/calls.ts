/** The AWS calls that an entry file can reach: its code bundled and shaken, then read for the commands it makes. */
import { build } from 'esbuild'

const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  Get: ['dynamodb:GetItem'],
  Put: ['dynamodb:PutItem'],
  Update: ['dynamodb:UpdateItem'],
  Delete: ['dynamodb:DeleteItem'],
  Query: ['dynamodb:Query'],
  BatchGet: ['dynamodb:BatchGetItem'],
  // What a transaction may do is what its parts may do; they are read below.
  TransactWrite: [],
  SendMessage: ['sqs:SendMessage'],
  ReceiveMessage: ['sqs:ReceiveMessage'],
  DeleteMessage: ['sqs:DeleteMessage'],
  ChangeMessageVisibility: ['sqs:ChangeMessageVisibility'],
  GetQueueAttributes: ['sqs:GetQueueAttributes'],
  GetObject: ['s3:GetObject'],
  HeadObject: ['s3:GetObject'],
  PutObject: ['s3:PutObject'],
  CopyObject: ['s3:GetObject', 's3:PutObject'],
  DeleteObject: ['s3:DeleteObject'],
  ListObjectsV2: ['s3:ListBucket'],
  GetSecretValue: ['secretsmanager:GetSecretValue'],
  GetParameter: ['ssm:GetParameter'],
  DescribeServices: ['ecs:DescribeServices'],
}

const PARTS: Readonly<Record<string, string>> = {
  'Put: {': 'dynamodb:PutItem',
  'Update: {': 'dynamodb:UpdateItem',
  'Delete: {': 'dynamodb:DeleteItem',
  'ConditionCheck: {': 'dynamodb:ConditionCheckItem',
}

/** Sorted IAM actions. Throws on a command that this table does not know. */
export const actionsOfCode = async (entry: string): Promise<string[]> => {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
  })
  const text = outputFiles[0]?.text ?? ''
  // A name imported by two files is numbered in the second: QueryCommand2.
  const actions = [...text.matchAll(/new (\w+?)Command\d*\(/g)].flatMap(([, command = '']) => {
    const known = ACTIONS[command]
    if (known === undefined) throw new Error(`${entry} calls ${command}, which no grant knows`)
    return known
  })
  const transacted = text.includes('new TransactWriteCommand(')
    ? Object.entries(PARTS).flatMap(([part, action]) => (text.includes(part) ? [action] : []))
    : []
  return [...new Set([...actions, ...transacted])].sort()
}

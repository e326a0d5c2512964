/**
 * What the conformance suite talks to: the emulators of cdk/local/emulators in a child process, or, when the three
 * AWS_ENDPOINT_URL_* are set, whatever answers there. Tests see AWS SDK clients and nothing else.
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import type { EmulatorConfig } from '../../cdk/local/emulators/config.ts'
import { launchEmulators, type RunningEmulators } from '../../cdk/local/emulators/launch.ts'

// biome-ignore lint/style/noProcessEnv: the one place where the suite is pointed at another emulator
const ENV = process.env
const EXTERNAL = {
  dynamodb: ENV['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
  sqs: ENV['AWS_ENDPOINT_URL_SQS'] ?? '',
  s3: ENV['AWS_ENDPOINT_URL_S3'] ?? '',
}

/** Tests of our own process (crashes, orphans) have nothing to do with another emulator. */
export const isExternal = Object.values(EXTERNAL).every(Boolean)

export const KEY_ID = isExternal ? (ENV['AWS_ACCESS_KEY_ID'] ?? 'test') : 'LOCALKEY'
const SECRET = isExternal ? (ENV['AWS_SECRET_ACCESS_KEY'] ?? 'test') : 'local-secret'

type QueueSpec = EmulatorConfig['queues'][number]

type Endpoints = Pick<RunningEmulators, 'dynamodb' | 'sqs' | 's3'>

export interface Cloud {
  /** Typed attributes. */
  dynamodb: DynamoDBClient
  /** Plain JavaScript values. */
  documents: DynamoDBDocumentClient
  sqs: SQSClient
  s3: S3Client
  endpoints: Endpoints
  /** A bucket of this test file's own. */
  bucket: string
  queueUrl(name: string): string
  close(): Promise<void>
}

/** A place with the queues named, in a folder and on ports of its own. The caller closes it. */
export async function openCloud(options: { queues?: QueueSpec[] } = {}): Promise<Cloud> {
  const queues = options.queues ?? []
  const bucket = `conformance-${randomUUID()}`
  if (isExternal) return openExternal({ queues, bucket })
  const dataDir = await temporaryFolder()
  const emulators = await launchEmulators(localConfig({ dataDir, queues, bucket }))
  const clients = clientsOf(emulators)
  return {
    ...clients,
    endpoints: emulators,
    bucket,
    queueUrl: (name) => urlOf(emulators.queueUrls, name),
    close: async () => {
      destroy(clients)
      await emulators.stop()
      await rm(dataDir, { recursive: true })
    },
  }
}

export const temporaryFolder = () => mkdtemp(join(tmpdir(), 'rollover-conformance-'))

/** The emulators' configuration with this suite's key, and items expiring within half a second. */
export function localConfig(of: { dataDir: string; queues: QueueSpec[]; bucket: string }): EmulatorConfig {
  const { dataDir, queues, bucket } = of
  return { dataDir, queues, buckets: [bucket], keys: { [KEY_ID]: SECRET }, ttlSweepSeconds: 0.5 }
}

type Clients = Pick<Cloud, 'dynamodb' | 'documents' | 'sqs' | 's3'>

/** Clients of three endpoints. `maxAttempts: 1` makes an answer mean one request. */
export function clientsOf(endpoints: Endpoints, options: { maxAttempts?: number } = {}): Clients {
  const common = { ...identity(), ...options }
  const dynamodb = new DynamoDBClient({ ...common, endpoint: endpoints.dynamodb })
  return {
    dynamodb,
    documents: DynamoDBDocumentClient.from(dynamodb),
    sqs: new SQSClient({ ...common, endpoint: endpoints.sqs }),
    s3: new S3Client({ ...common, endpoint: endpoints.s3 }),
  }
}

/** Region and credentials; the suite's own unless others are given. */
export const identity = (accessKeyId = KEY_ID, secretAccessKey = SECRET) => ({
  region: 'us-east-1',
  credentials: { accessKeyId, secretAccessKey },
})

export function destroy({ dynamodb, sqs, s3 }: Clients): void {
  for (const client of [dynamodb, sqs, s3]) client.destroy()
}

/** A table `pk`, `sk` with the indexes `byStatus` (all attributes) and `named` (`name` alone) on `status`, `due`. Returns its name. */
export async function createTable(client: DynamoDBClient): Promise<string> {
  const TableName = `conformance-${randomUUID()}`
  const keys = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ]
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk', 'status', 'due'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      KeySchema: keys('pk', 'sk'),
      GlobalSecondaryIndexes: [
        { IndexName: 'byStatus', KeySchema: keys('status', 'due'), Projection: { ProjectionType: 'ALL' } },
        {
          IndexName: 'named',
          KeySchema: keys('status', 'due'),
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['name'] },
        },
      ],
    }),
  )
  await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 0.05, maxDelay: 0.2 }, { TableName })
  return TableName
}

/** The error of that name. Any other outcome fails the test. */
export async function refusal<E extends Error>(attempt: Promise<unknown>, name: string): Promise<E> {
  const error = await attempt.then(
    () => assert.fail(`expected ${name}, but it succeeded`),
    (reason: Error) => reason,
  )
  assert.equal(error.name, name, error.message)
  return error as E
}

/**
 * Sends the head of a request and half of its body, hangs up, and waits until the connection is closed.
 * `head` is lines without the Content-Length, which is twice the body's.
 */
export async function hangUp(endpoint: string, head: string[], body: Buffer): Promise<void> {
  const { hostname, port, host } = new URL(endpoint)
  const socket = connect(Number(port), hostname)
  const lines = [...head, `Host: ${host}`, `Content-Length: ${body.length * 2}`, '', '']
  socket.write(Buffer.concat([Buffer.from(lines.join('\r\n')), body]))
  // Long enough for the other side to have read the head.
  await setTimeout(30)
  socket.destroy()
  await once(socket, 'close')
}

function urlOf(urls: Record<string, string>, name: string): string {
  const url = urls[name]
  assert.ok(url, `no queue ${name}`)
  return url
}

async function openExternal({ queues, bucket }: { queues: QueueSpec[]; bucket: string }): Promise<Cloud> {
  const clients = clientsOf(EXTERNAL)
  await clients.s3.send(new CreateBucketCommand({ Bucket: bucket }))
  const suffix = randomUUID()
  const urls: Record<string, string> = {}
  // A dead letter queue has to exist before the queue that names it.
  for (const { name, visibilityTimeoutSeconds, deadLetter } of [...queues].sort((a) => (a.deadLetter ? 1 : -1))) {
    const Attributes: Record<string, string> = {}
    if (visibilityTimeoutSeconds !== undefined) Attributes['VisibilityTimeout'] = String(visibilityTimeoutSeconds)
    if (deadLetter) {
      const query = { QueueUrl: urlOf(urls, deadLetter.queue), AttributeNames: ['QueueArn' as const] }
      const { Attributes: found } = await clients.sqs.send(new GetQueueAttributesCommand(query))
      const policy = { deadLetterTargetArn: found?.['QueueArn'], maxReceiveCount: deadLetter.maxReceiveCount }
      Attributes['RedrivePolicy'] = JSON.stringify(policy)
    }
    const created = await clients.sqs.send(new CreateQueueCommand({ QueueName: `${name}-${suffix}`, Attributes }))
    urls[name] = created.QueueUrl ?? ''
  }
  return {
    ...clients,
    endpoints: EXTERNAL,
    bucket,
    queueUrl: (name) => urlOf(urls, name),
    close: async () => destroy(clients),
  }
}

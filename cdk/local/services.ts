/**
 * DynamoDB, SQS and S3 on this machine, with the service's table, queues and bucket in them: our emulators, or, where
 * EMULATOR_URL names another (such as ministack), that one.
 */
import { join } from 'node:path'
import {
  CreateTableCommand,
  DynamoDBClient,
  ResourceInUseException,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { TTL_ATTRIBUTE, tableDefinition } from '../../shared/stores/table.ts'
import { keepEmulators } from './keep-emulators.ts'
import { openElsewhere, ROOT_CREDENTIALS } from './other-services.ts'
import type { Secrets } from './secrets.ts'

export interface Services {
  /** What the shared AWS clients and stores need to find them: endpoints, credentials, names. */
  readonly environment: Readonly<Record<string, string>>
  /** The emulators' process now; one that dies is started again on the same data. */
  pid(): number | undefined
  stop(): Promise<void>
}

const TABLE = 'rollover'
const BUCKET = 'rollover-outputs'
const GENERATIONS = 'generations'
const LOW_PRIORITY = 'generations-low'
const DELIVERIES = 'deliveries'
const QUEUES = [GENERATIONS, LOW_PRIORITY, DELIVERIES] as const
/** Far above the runner's own limit: what comes here was never readable. */
const MAX_RECEIVES = 50

export const startServices = async (dataFolder: string, secrets: Secrets): Promise<Services> => {
  // biome-ignore lint/style/noProcessEnv: which emulator is the choice of whoever starts this, for every command alike
  const elsewhere = process.env['EMULATOR_URL']
  return elsewhere === undefined ? startEmbedded(dataFolder, secrets) : useOther(elsewhere, secrets)
}

const startEmbedded = async (dataFolder: string, secrets: Secrets): Promise<Services> => {
  const emulators = await keepEmulators({
    dataDir: join(dataFolder, 'services'),
    keys: { [secrets.awsAccessKeyId]: secrets.awsSecretAccessKey },
    buckets: [BUCKET],
    // The playground reads traces and images from its own origin.
    corsOrigins: ['*'],
    queues: QUEUES.flatMap((name) => [
      { name: `${name}-dead` },
      { name, deadLetter: { queue: `${name}-dead`, maxReceiveCount: MAX_RECEIVES } },
    ]),
  })
  const { dynamodb, sqs, s3, queueUrls } = emulators.endpoints
  try {
    await createTable(dynamodb, { secrets, table: TABLE })
  } catch (error) {
    await emulators.stop()
    throw error
  }
  const environment = environmentOf({
    endpoints: { dynamodb, sqs, s3 },
    secrets,
    queueUrls,
    table: TABLE,
    bucket: BUCKET,
  })
  return { environment, pid: emulators.pid, stop: emulators.stop }
}

/** In names of this data folder's own: others may use the same emulator. What it keeps when it stops is its own affair. */
const useOther = async (url: string, ours: Secrets): Promise<Services> => {
  const own = (name: string) => `${name}-${ours.awsAccessKeyId.toLowerCase()}`
  const secrets = { ...ours, ...ROOT_CREDENTIALS }
  const [table, bucket] = [own(TABLE), own(BUCKET)]
  const endpoints = { dynamodb: url, sqs: url, s3: url }
  const place = environmentOf({ endpoints, secrets, queueUrls: {}, table, bucket })
  // biome-ignore lint/style/noProcessEnv: the AWS clients are built without options and read where the services are
  Object.assign(process.env, place)
  await createTable(url, { secrets, table })
  const queues = QUEUES.map((name) => ({ name: own(name), dead: own(`${name}-dead`), maxReceives: MAX_RECEIVES }))
  const urls = await openElsewhere({ bucket, queues })
  const queueUrls = Object.fromEntries(QUEUES.map((name) => [name, urls[own(name)] ?? '']))
  const environment = environmentOf({ endpoints, secrets, queueUrls, table, bucket })
  return { environment, pid: () => undefined, stop: async () => undefined }
}

const environmentOf = (of: {
  endpoints: Readonly<Record<'dynamodb' | 'sqs' | 's3', string>>
  secrets: Secrets
  queueUrls: Readonly<Record<string, string>>
  table: string
  bucket: string
}): Record<string, string> => ({
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: of.secrets.awsAccessKeyId,
  AWS_SECRET_ACCESS_KEY: of.secrets.awsSecretAccessKey,
  AWS_ENDPOINT_URL_DYNAMODB: of.endpoints.dynamodb,
  AWS_ENDPOINT_URL_SQS: of.endpoints.sqs,
  AWS_ENDPOINT_URL_S3: of.endpoints.s3,
  TABLE_NAME: of.table,
  GENERATIONS_QUEUE_URL: of.queueUrls[GENERATIONS] ?? '',
  LOW_PRIORITY_QUEUE_URL: of.queueUrls[LOW_PRIORITY] ?? '',
  DELIVERIES_QUEUE_URL: of.queueUrls[DELIVERIES] ?? '',
  OUTPUTS_BUCKET: of.bucket,
})

const createTable = async (
  endpoint: string,
  { secrets, table }: { secrets: Secrets; table: string },
): Promise<void> => {
  const credentials = { accessKeyId: secrets.awsAccessKeyId, secretAccessKey: secrets.awsSecretAccessKey }
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials })
  try {
    await client.send(new CreateTableCommand(tableDefinition(table)))
    // A table that is still being made takes no settings.
    await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { TableName: table })
    const TimeToLiveSpecification = { AttributeName: TTL_ATTRIBUTE, Enabled: true }
    await client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }))
  } catch (error) {
    // The data folder has it from an earlier start.
    if (!(error instanceof ResourceInUseException)) throw error
  } finally {
    client.destroy()
  }
}

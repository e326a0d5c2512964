/** DynamoDB, SQS and S3 on this machine, with the service's table, queues and bucket in them. */
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
/** Far above the runner's own limit: what comes here was never readable. */
const MAX_RECEIVES = 50

export const startServices = async (dataFolder: string, secrets: Secrets): Promise<Services> => {
  const emulators = await keepEmulators({
    dataDir: join(dataFolder, 'services'),
    keys: { [secrets.awsAccessKeyId]: secrets.awsSecretAccessKey },
    buckets: [BUCKET],
    // The playground reads traces and images from its own origin.
    corsOrigins: ['*'],
    queues: [GENERATIONS, LOW_PRIORITY, DELIVERIES].flatMap((name) => [
      { name: `${name}-dead` },
      { name, deadLetter: { queue: `${name}-dead`, maxReceiveCount: MAX_RECEIVES } },
    ]),
  })
  const { dynamodb, sqs, s3, queueUrls } = emulators.endpoints
  try {
    await createTable(dynamodb, secrets)
  } catch (error) {
    await emulators.stop()
    throw error
  }
  const environment = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: secrets.awsAccessKeyId,
    AWS_SECRET_ACCESS_KEY: secrets.awsSecretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
    AWS_ENDPOINT_URL_SQS: sqs,
    AWS_ENDPOINT_URL_S3: s3,
    TABLE_NAME: TABLE,
    GENERATIONS_QUEUE_URL: queueUrls[GENERATIONS] ?? '',
    LOW_PRIORITY_QUEUE_URL: queueUrls[LOW_PRIORITY] ?? '',
    DELIVERIES_QUEUE_URL: queueUrls[DELIVERIES] ?? '',
    OUTPUTS_BUCKET: BUCKET,
  }
  return { environment, pid: emulators.pid, stop: emulators.stop }
}

const createTable = async (endpoint: string, secrets: Secrets): Promise<void> => {
  const credentials = { accessKeyId: secrets.awsAccessKeyId, secretAccessKey: secrets.awsSecretAccessKey }
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials })
  try {
    await client.send(new CreateTableCommand(tableDefinition(TABLE)))
    // A table that is still being made takes no settings.
    await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { TableName: TABLE })
    const TimeToLiveSpecification = { AttributeName: TTL_ATTRIBUTE, Enabled: true }
    await client.send(new UpdateTimeToLiveCommand({ TableName: TABLE, TimeToLiveSpecification }))
  } catch (error) {
    // The data folder has it from an earlier start.
    if (!(error instanceof ResourceInUseException)) throw error
  } finally {
    client.destroy()
  }
}

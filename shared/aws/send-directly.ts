/**
 * The straight way to DynamoDB and SQS for the operations that every request makes.
 *
 * The SDK takes three times the processor time of a signed request (docs/results/edge.md). So an operation listed here is
 * signed and sent at once; whatever does not come back as a success or as a failed condition is given to the SDK, which sends it
 * again, tries as often as it does, and throws what it throws. Where a service is and who signs is the SDK's to know: the first
 * request of a client goes its way, and the straight ones follow to where that one went. Bytes in items are not understood
 * here; the table has none.
 */
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import aws4 from 'aws4'

type Fields = Readonly<Record<string, unknown>>

interface Service {
  /** As a signature names it. */
  readonly name: 'dynamodb' | 'sqs'
  /** Of `X-Amz-Target`. */
  readonly target: string
  /** Names of operations by the constructor of their command. */
  readonly operations: ReadonlyMap<unknown, string>
  readonly write: (input: Fields) => Fields
  readonly read: (output: Fields) => Fields
}

/** How items are written, here and by the document client, which adds to the object it is given: it gets a copy. */
export const MARSHALL = Object.freeze({ removeUndefinedValues: true })
/** Fields whose values are items, or parts of them, in requests and in answers. */
const ITEMS_IN = ['Key', 'Item', 'ExpressionAttributeValues', 'ExclusiveStartKey']
const ITEMS_OUT = ['Item', 'Attributes', 'LastEvaluatedKey']

export const DYNAMODB: Service = {
  name: 'dynamodb',
  target: 'DynamoDB_20120810',
  operations: new Map<unknown, string>([
    [GetCommand, 'GetItem'],
    [PutCommand, 'PutItem'],
    [UpdateCommand, 'UpdateItem'],
    [DeleteCommand, 'DeleteItem'],
    [QueryCommand, 'Query'],
  ]),
  write: (input) => mapFields(input, ITEMS_IN, (item) => marshall(item, MARSHALL)),
  read: (output) => {
    const { Items: items } = output
    const read = mapFields(output, ITEMS_OUT, (item) => unmarshall(item as Parameters<typeof unmarshall>[0]))
    return Array.isArray(items) ? { ...read, Items: items.map((item) => unmarshall(item)) } : read
  },
}

const SQS: Service = {
  name: 'sqs',
  target: 'AmazonSQS',
  operations: new Map<unknown, string>([[SendMessageCommand, 'SendMessage']]),
  write: (input) => input,
  read: (output) => output,
}

const mapFields = (fields: Fields, names: readonly string[], map: (value: object) => object): Fields => {
  const mapped: Record<string, unknown> = { ...fields }
  for (const name of names) {
    const value = fields[name]
    if (typeof value === 'object' && value !== null) mapped[name] = map(value)
  }
  return mapped
}

export interface StraightWay {
  /** Closes the connections that are kept. */
  destroy(): void
}

/** Lets a client send its commands the straight way. @param answerMs until an answer that does not come is left to the SDK. */
export const sendDirectly = (client: DynamoDBDocumentClient | SQSClient, answerMs: number): StraightWay => {
  const service = client.config.serviceId === 'SQS' ? SQS : DYNAMODB
  const agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) }
  const throughSdk = client.send.bind(client) as (command: unknown, ...rest: unknown[]) => Promise<unknown>
  let place: Place | undefined
  // A document client's stack is its client's; both clients' stacks take this middleware, which looks and passes on.
  const { middlewareStack } = client as SQSClient
  middlewareStack.add(
    (next) => (args) => {
      place ??= placeOf(args.request)
      return next(args)
    },
    { step: 'finalizeRequest', name: 'notePlace' },
  )
  const send = async (command: { readonly input: Fields }, ...rest: unknown[]): Promise<unknown> => {
    const operation = service.operations.get(command.constructor)
    if (place === undefined || operation === undefined || rest.length > 0) return throughSdk(command, ...rest)
    const body = JSON.stringify(service.write(command.input))
    const signed = aws4.sign(
      {
        ...place,
        method: 'POST',
        service: service.name,
        region: await client.config.region(),
        headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `${service.target}.${operation}` },
        body,
      },
      await client.config.credentials(),
    )
    const answer = await post({ ...place, ...signed, agent: agents[place.protocol], timeout: answerMs }, body)
    if (answer?.status === 200) return service.read(answer.content)
    const failed = answer && failedCondition(answer)
    if (failed !== undefined) throw failed
    return throughSdk(command)
  }
  client.send = send as typeof client.send
  return {
    destroy: () => {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

/** What the SDK throws for it; undefined when it is another answer. */
export const failedCondition = ({ status, content }: Answer): ConditionalCheckFailedException | undefined =>
  status === 400 && String(content['__type']).endsWith('#ConditionalCheckFailedException')
    ? new ConditionalCheckFailedException({
        message: String(content['message']),
        $metadata: { httpStatusCode: 400 },
        ...(content['Item'] !== undefined && { Item: content['Item'] as never }),
      })
    : undefined

interface Place {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  readonly port: number | undefined
  readonly host: string
  readonly path: string
}

const placeOf = (request: unknown): Place => {
  const { protocol, hostname, port, path } = request as Omit<Place, 'host'>
  return { protocol, hostname, port, path, host: port === undefined ? hostname : `${hostname}:${port}` }
}

interface Answer {
  readonly status: number
  readonly content: Fields
}

/** Undefined where no whole answer came back: it may have been done or not. */
const post = (options: RequestOptions, body: string): Promise<Answer | undefined> =>
  new Promise((resolve) => {
    const give = () => resolve(undefined)
    const request = (options.protocol === 'https:' ? httpsRequest : httpRequest)(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', give)
      response.on('close', give)
      response.on('end', () => resolve(readAnswer(response.statusCode ?? 0, Buffer.concat(chunks))))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', give)
    request.end(body)
  })

const readAnswer = (status: number, content: Buffer): Answer | undefined => {
  try {
    return { status, content: JSON.parse(content.toString()) as Fields }
  } catch {
    return undefined
  }
}

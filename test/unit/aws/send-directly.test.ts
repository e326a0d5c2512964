/** The straight way to DynamoDB and SQS gives what the SDK gives, and leaves to the SDK whatever goes wrong on it. */
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb'
import { sendDirectly } from '../../../shared/aws/send-directly.ts'

const SECRET = 'a secret'
const ITEM = { pk: { S: 'KEY#a' }, n: { N: '1.5' }, list: { L: [{ BOOL: true }, { NULL: true }] }, map: { M: {} } }
const KEY = { pk: 'KEY#a' }
const VALUES = { ':v': { deep: [1, 'two', null], left: undefined } }
const UPDATE = { TableName: 't', Key: KEY, UpdateExpression: 'SET a = :v', ExpressionAttributeValues: VALUES }

type Answer = (response: ServerResponse, request: IncomingMessage) => void
const json =
  (status: number, content: object): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(content))
const good = json(200, { Item: ITEM })

let server: Server
/** What is answered, one after the other; the last of them from then on. */
let answers: Answer[] = [good]
let asked: { headers: IncomingMessage['headers']; body: string }[] = []

before(async () => {
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    asked.push({ headers: request.headers, body })
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    answer?.(response, request)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  answers = [good]
  asked = []
})

const settings = () => ({
  endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'AKIA', secretAccessKey: SECRET, sessionToken: 'a session' },
})
const tableClient = () =>
  DynamoDBDocumentClient.from(new DynamoDBClient(settings()), { marshallOptions: { removeUndefinedValues: true } })

/** A client that has made its first request, the SDK's way. */
const openStraight = async (answerMs = 10_000) => {
  const client = tableClient()
  sendDirectly(client, answerMs)
  await client.send(new GetCommand({ TableName: 't', Key: KEY }))
  asked = []
  return client
}
const isStraight = ({ headers }: { headers: IncomingMessage['headers'] }): boolean =>
  headers['amz-sdk-request'] === undefined

const COMMANDS = [
  { command: new GetCommand({ TableName: 't', Key: KEY, ConsistentRead: true }), answer: { Item: ITEM } },
  { command: new GetCommand({ TableName: 't', Key: KEY }), answer: {} },
  {
    command: new PutCommand({
      TableName: 't',
      Item: { ...KEY, set: new Set(['a', 'b']) },
    }),
    answer: {},
  },
  { command: new UpdateCommand(UPDATE), answer: { Attributes: ITEM } },
  { command: new DeleteCommand({ TableName: 't', Key: KEY, ReturnValues: 'ALL_OLD' }), answer: { Attributes: ITEM } },
  {
    command: new QueryCommand({ TableName: 't', ExpressionAttributeValues: { ':pk': 'a' }, ExclusiveStartKey: KEY }),
    answer: { Items: [ITEM, ITEM], Count: 2, LastEvaluatedKey: ITEM },
  },
]
for (const { command, answer } of COMMANDS)
  test(`${command.constructor.name} asks and answers what the SDK does: ${Object.keys(answer)}`, async () => {
    const [straight, sdk] = [await openStraight(), tableClient()]
    answers = [json(200, answer)]
    const { $metadata: _, ...found } = await straight.send(command as GetCommand)
    const { $metadata: __, ...expected } = await sdk.send(command as GetCommand)
    assert.deepEqual(found, expected)
    const [first, second] = asked
    assert.ok(first && second && isStraight(first) && !isStraight(second))
    assert.deepEqual(JSON.parse(first.body), JSON.parse(second.body))
    assert.equal(first.headers['x-amz-target'], second.headers['x-amz-target'])
    assert.equal(first.headers['content-type'], second.headers['content-type'])
  })

test('a message goes to its queue', async () => {
  answers = [json(200, { MessageId: 'm', MD5OfMessageBody: createHash('md5').update('{}').digest('hex') })]
  const client = new SQSClient(settings())
  sendDirectly(client, 10_000)
  const command = new SendMessageCommand({ QueueUrl: `${settings().endpoint}/1/queue`, MessageBody: '{}' })
  await client.send(command)
  assert.equal((await client.send(command)).MessageId, 'm')
  assert.deepEqual(asked.map(isStraight), [false, true])
  assert.deepEqual(JSON.parse(asked[1]?.body ?? ''), JSON.parse(asked[0]?.body ?? ''))
})

test('is signed by Signature Version 4', async () => {
  const client = await openStraight()
  await client.send(new UpdateCommand(UPDATE))
  const { headers, body } = asked[0] ?? { headers: {}, body: '' }
  const [, date, signedHeaders = '', signature] =
    /Credential=AKIA\/(\d+)\/.*SignedHeaders=([^,]+), Signature=(\w+)/.exec(headers.authorization ?? '') ?? []
  const hash = (text: string) => createHash('sha256').update(text).digest('hex')
  const names = signedHeaders.split(';')
  for (const name of ['host', 'x-amz-date', 'x-amz-security-token', 'x-amz-target'])
    assert.ok(names.includes(name), name)
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join('')
  const scope = `${date}/eu-west-1/dynamodb/aws4_request`
  const text = [
    'AWS4-HMAC-SHA256',
    headers['x-amz-date'],
    scope,
    hash(`POST\n/\n\n${lines}\n${signedHeaders}\n${hash(body)}`),
  ]
  const key = scope.split('/').reduce<Buffer | string>((secret, part) => {
    return createHmac('sha256', secret).update(part).digest()
  }, `AWS4${SECRET}`)
  assert.equal(signature, createHmac('sha256', key).update(text.join('\n')).digest('hex'))
})

test('a failed condition is an answer, with the item as it stands, and is not asked again', async () => {
  const client = await openStraight()
  const type = 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException'
  answers = [json(400, { __type: type, message: 'The conditional request failed', Item: ITEM })]
  await assert.rejects(client.send(new UpdateCommand(UPDATE)), (error) => {
    assert.ok(error instanceof ConditionalCheckFailedException)
    assert.deepEqual(error.Item, ITEM)
    return true
  })
  assert.equal(asked.length, 1)
})

const FAULTS: Record<string, Answer> = {
  'an error of the server': json(500, { __type: 'InternalServerError' }),
  'too many requests': json(400, { __type: 'x#ProvisionedThroughputExceededException' }),
  'a connection that is cut': (_, request) => request.socket.destroy(),
  'an answer that is cut': (response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"Item":')
    setImmediate(() => response.destroy())
  },
  'an answer that is no JSON': (response) => response.writeHead(200).end('<html>'),
  'no answer at all': () => undefined,
}
for (const [name, fault] of Object.entries(FAULTS))
  test(`${name} is left to the SDK`, async () => {
    const client = await openStraight(200)
    answers = [fault, good]
    const { Item } = await client.send(new GetCommand({ TableName: 't', Key: KEY }))
    assert.equal(Item?.['pk'], 'KEY#a')
    assert.deepEqual(asked.map(isStraight), [true, false])
  })

test('a request that is refused throws what the SDK throws', async () => {
  const client = await openStraight()
  answers = [json(400, { __type: 'com.amazon.coral.validate#ValidationException', message: 'no' })]
  await assert.rejects(client.send(new UpdateCommand(UPDATE)), { name: 'ValidationException', message: 'no' })
})

/** kill -9 of the emulators while writes are being acknowledged: nothing acknowledged may be lost. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { PutCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb'
import type { EmulatorConfig } from '../../cdk/local/emulators/config.ts'
import { launchEmulators, type RunningEmulators } from '../../cdk/local/emulators/launch.ts'
import { clientsOf, createTable, destroy, isExternal, localConfig, temporaryFolder } from './cloud.ts'

const KILLS = 3
const WRITING_MS = 500
const QUEUES = [
  { name: 'work', visibilityTimeoutSeconds: 0 },
  { name: 'poison', visibilityTimeoutSeconds: 0, deadLetter: { queue: 'dead', maxReceiveCount: 1 } },
  { name: 'dead', visibilityTimeoutSeconds: 0 },
]

const bucket = `conformance-${randomUUID()}`
let config: EmulatorConfig
let emulators: RunningEmulators
let clients: ReturnType<typeof clientsOf>
let TableName: string

let sequence = 0

before(async () => {
  if (isExternal) return
  config = localConfig({ dataDir: await temporaryFolder(), queues: QUEUES, bucket })
  emulators = await launchEmulators(config)
  // One attempt a write: an acknowledgement then belongs to one request, and a dead server ends the writer.
  clients = clientsOf(emulators, { maxAttempts: 1 })
  TableName = await createTable(clients.dynamodb)
})
after(async () => {
  if (isExternal) return
  destroy(clients)
  await emulators.stop()
  await rm(config.dataDir, { recursive: true })
})

const object = (key: string) => Buffer.from(`${key} `.repeat(4_000))
const portOf = (endpoint: string) => Number(new URL(endpoint).port)

const WRITERS = {
  moves: (id: string) => {
    const Item = { pk: 'moves', sk: `item-${Number(id) % 5}`, status: `moves-${Number(id) % 3}`, due: id }
    return clients.documents.send(new PutCommand({ TableName, Item }))
  },
  items: (id: string) =>
    clients.documents.send(new PutCommand({ TableName, Item: { pk: 'items', sk: id, status: 'new', due: id } })),
  pairs: (id: string) => {
    const side = (pk: string) => ({ Put: { TableName, Item: { pk, sk: id } } })
    return clients.documents.send(new TransactWriteCommand({ TransactItems: [side('left'), side('right')] }))
  },
  messages: (id: string) => send('work', id),
  poison: async (id: string) => {
    await send('poison', id)
    // Received once already, the messages before it move to the dead letter queue.
    await receive('poison').catch(() => [])
  },
  objects: (id: string) =>
    clients.s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: `objects/${id}`, Body: object(id), ContentType: 'image/png' }),
    ),
}

const send = (queue: string, MessageBody: string) =>
  clients.sqs.send(new SendMessageCommand({ QueueUrl: urlOf(queue), MessageBody }))

async function receive(queue: string, VisibilityTimeout = 0): Promise<string[]> {
  const command = new ReceiveMessageCommand({ QueueUrl: urlOf(queue), MaxNumberOfMessages: 10, VisibilityTimeout })
  return ((await clients.sqs.send(command)).Messages ?? []).map(({ Body }) => Body ?? '')
}

/** Receives until the queue is empty. */
async function drain(queue: string): Promise<Set<string>> {
  const seen = new Set<string>()
  for (;;) {
    const bodies = await receive(queue, 600)
    if (bodies.length === 0) return seen
    for (const body of bodies) seen.add(body)
  }
}

const urlOf = (queue: string) => emulators.queueUrls[queue] ?? assert.fail(queue)

type Kind = keyof typeof WRITERS
const KINDS = Object.keys(WRITERS) as Kind[]

/** What was answered with a 2xx. */
const acknowledged = Object.fromEntries(KINDS.map((kind) => [kind, new Set<string>()])) as Record<Kind, Set<string>>

/** Writes one after the other until the server dies. */
async function writeUntilDeath(kind: Kind): Promise<void> {
  for (;;) {
    const id = String(sequence++).padStart(6, '0')
    try {
      await WRITERS[kind](id)
    } catch {
      return
    }
    acknowledged[kind].add(id)
  }
}

async function restart(): Promise<void> {
  const { dynamodb, sqs, s3 } = emulators
  emulators = await launchEmulators({
    ...config,
    ports: { dynamodb: portOf(dynamodb), sqs: portOf(sqs), s3: portOf(s3) },
  })
}

async function query(attribute: 'pk' | 'status', value: string) {
  const items: Record<string, unknown>[] = []
  let ExclusiveStartKey: Record<string, unknown> | undefined
  do {
    const page = await clients.documents.send(
      new QueryCommand({
        TableName,
        ...(attribute === 'status' && { IndexName: 'byStatus' }),
        KeyConditionExpression: '#attribute = :value',
        ExpressionAttributeNames: { '#attribute': attribute },
        ExpressionAttributeValues: { ':value': value },
        ...(ExclusiveStartKey && { ExclusiveStartKey }),
      }),
    )
    items.push(...(page.Items ?? []))
    ExclusiveStartKey = page.LastEvaluatedKey
  } while (ExclusiveStartKey)
  return items
}

const idsOf = async (attribute: 'pk' | 'status', value: string) =>
  new Set((await query(attribute, value)).map((item) => String(item['sk'])))

function assertKept(kind: Kind, kept: Set<string>): void {
  const lost = [...acknowledged[kind]].filter((id) => !kept.has(id))
  assert.ok(acknowledged[kind].size > KILLS, `hardly any ${kind} were acknowledged`)
  assert.deepEqual(lost, [], `${lost.length} of ${acknowledged[kind].size} acknowledged ${kind} are lost`)
}

test('after several kill -9 in the middle of writing', { skip: isExternal }, async (t) => {
  for (let kill = 0; kill < KILLS; kill++) {
    const writers = KINDS.flatMap((kind) => [kind, kind]).map(writeUntilDeath)
    await setTimeout(WRITING_MS)
    await emulators.stop('SIGKILL')
    await Promise.all(writers)
    await restart()
  }
  t.diagnostic(KINDS.map((kind) => `${acknowledged[kind].size} ${kind}`).join(', '))

  await t.test('no acknowledged item is lost, and its index entry is there', async () => {
    assertKept('items', await idsOf('pk', 'items'))
    assertKept('items', await idsOf('status', 'new'))
  })

  await t.test('no transaction is half done', async () => {
    const [left, right] = [await idsOf('pk', 'left'), await idsOf('pk', 'right')]
    assertKept('pairs', left)
    assert.deepEqual(left, right)
  })

  await t.test('the index says of every item what the table says', async () => {
    const items = await query('pk', 'moves')
    const entries = await Promise.all([0, 1, 2].map((n) => query('status', `moves-${n}`)))
    const byKey = (a: Record<string, unknown>, b: Record<string, unknown>) =>
      String(a['sk']) < String(b['sk']) ? -1 : 1
    assert.deepEqual(entries.flat().toSorted(byKey), items.toSorted(byKey))
    assert.equal(items.length, 5)
  })

  await t.test('no acknowledged message is lost', async () => {
    assertKept('messages', await drain('work'))
  })

  await t.test('a message on its way to the dead letter queue is in one of the two', async () => {
    assertKept('poison', new Set([...(await drain('poison')), ...(await drain('dead'))]))
  })

  await t.test('no acknowledged object is lost, and none appears in part or with another type', async () => {
    const kept = new Set<string>()
    const list = await clients.s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'objects/' }))
    for (const { Key = '' } of list.Contents ?? []) {
      const { Body, ContentType } = await clients.s3.send(new GetObjectCommand({ Bucket: bucket, Key }))
      const id = Key.slice('objects/'.length)
      assert.equal(ContentType, 'image/png')
      assert.ok(object(id).equals((await Body?.transformToByteArray()) ?? Buffer.alloc(0)), `${Key} is not whole`)
      kept.add(id)
    }
    assert.equal(list.IsTruncated, false)
    assertKept('objects', kept)
  })
})

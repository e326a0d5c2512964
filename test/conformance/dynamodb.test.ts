import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  type ConditionalCheckFailedException,
  DescribeTimeToLiveCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { DeleteCommand, GetCommand, PutCommand, QueryCommand, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { type Cloud, createTable, hangUp, isExternal, openCloud, refusal } from './cloud.ts'

let cloud: Cloud
let TableName: string

before(async () => {
  cloud = await openCloud()
  TableName = await createTable(cloud.dynamodb)
})
after(() => cloud.close())

const account = (pk: string) => ({ pk, sk: 'account' })

/** The product's hold: one conditional update of one item. */
const hold = (pk: string, generation: string, nfe: number) =>
  cloud.documents.send(
    new UpdateCommand({
      TableName,
      Key: account(pk),
      UpdateExpression: 'SET holds.#generation = :nfe, balance = balance - :nfe, held = held + :nfe',
      ConditionExpression: 'attribute_exists(pk) AND balance >= :nfe AND attribute_not_exists(holds.#generation)',
      ExpressionAttributeNames: { '#generation': generation },
      ExpressionAttributeValues: { ':nfe': nfe },
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    }),
  )

const open = (pk: string, balance: number) =>
  cloud.documents.send(new PutCommand({ TableName, Item: { ...account(pk), balance, held: 0, holds: {} } }))

const read = async (pk: string, sk = 'account') =>
  (await cloud.documents.send(new GetCommand({ TableName, Key: { pk, sk }, ConsistentRead: true }))).Item

const byStatus = async (status: string, pk: string) => {
  const found = await cloud.documents.send(
    new QueryCommand({
      TableName,
      IndexName: 'byStatus',
      KeyConditionExpression: '#status = :status',
      FilterExpression: 'pk = :pk',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: { ':status': status, ':pk': pk },
    }),
  )
  return (found.Items ?? []).map((item) => item['sk'] as string)
}

test('of 50 parallel holds of 50 on a balance of 880 exactly 17 win', async () => {
  await open('race', 880)
  const holds = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => hold('race', `g${i}`, 50)))
  assert.equal(holds.filter(({ status }) => status === 'fulfilled').length, 17)
  for (const lost of holds) {
    if (lost.status === 'rejected') assert.equal(lost.reason.name, 'ConditionalCheckFailedException')
  }
  const item = await read('race')
  assert.equal(item?.['balance'], 30)
  assert.equal(item?.['held'], 850)
  assert.equal(Object.keys(item?.['holds']).length, 17)
})

test('a condition that fails returns the item, so that a retry recognises its own hold', async () => {
  await open('retry', 100)
  await hold('retry', 'mine', 60)
  const error = await refusal<ConditionalCheckFailedException>(
    hold('retry', 'mine', 60),
    'ConditionalCheckFailedException',
  )
  assert.deepEqual(error.Item?.['holds'], { M: { mine: { N: '60' } } })
  assert.equal((await read('retry'))?.['balance'], 40)
})

test('a failed put or delete returns the item too, and none when there is none', async () => {
  await open('old', 1)
  const returning = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const }
  const put = new PutCommand({
    TableName,
    Item: account('old'),
    ConditionExpression: 'attribute_not_exists(pk)',
    ...returning,
  })
  const remove = (pk: string) =>
    new DeleteCommand({ TableName, Key: account(pk), ConditionExpression: 'attribute_exists(nothing)', ...returning })
  const name = 'ConditionalCheckFailedException'
  assert.deepEqual(
    (await refusal<ConditionalCheckFailedException>(cloud.documents.send(put), name)).Item?.['balance'],
    {
      N: '1',
    },
  )
  assert.ok((await refusal<ConditionalCheckFailedException>(cloud.documents.send(remove('old')), name)).Item)
  assert.equal(
    (await refusal<ConditionalCheckFailedException>(cloud.documents.send(remove('none')), name)).Item,
    undefined,
  )
})

test('settling removes the hold and moves the sums in the same update, once', async () => {
  await open('settle', 100)
  await hold('settle', 'g', 40)
  const settle = () =>
    cloud.documents.send(
      new UpdateCommand({
        TableName,
        Key: account('settle'),
        UpdateExpression:
          'SET balance = balance + :freed, held = held - :held, spent = if_not_exists(spent, :zero) + :used REMOVE holds.#g',
        ConditionExpression: 'holds.#g = :held',
        ExpressionAttributeNames: { '#g': 'g' },
        ExpressionAttributeValues: { ':freed': 15, ':used': 25, ':held': 40, ':zero': 0 },
        ReturnValues: 'ALL_NEW',
      }),
    )
  const { Attributes } = await settle()
  assert.deepEqual(Attributes, { ...account('settle'), balance: 75, held: 0, spent: 25, holds: {} })
  await refusal(settle(), 'ConditionalCheckFailedException')
  assert.equal((await read('settle'))?.['balance'], 75)
})

test('an index entry moves with its item: at every instant the index holds it exactly once', async () => {
  const pk = 'moving'
  const put = (n: number) => {
    const Item = { pk, sk: 'g', status: n % 2 === 0 ? 'even' : 'odd', due: String(n) }
    return cloud.documents.send(new PutCommand({ TableName, Item }))
  }
  const scan = new ScanCommand({
    TableName,
    IndexName: 'byStatus',
    FilterExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': pk },
  })
  await put(0)
  let moving = true
  const move = async () => {
    for (let n = 1; n <= 60; n++) await put(n)
    moving = false
  }
  const watch = async () => {
    while (moving) assert.equal((await cloud.documents.send(scan)).Count, 1)
  }
  await Promise.all([move(), watch(), watch()])
  assert.deepEqual(await byStatus('even', pk), ['g'])
  assert.deepEqual(await byStatus('odd', pk), [])
})

test('an item without the index attributes is not in the index', async () => {
  const pk = 'sparse'
  await cloud.documents.send(new PutCommand({ TableName, Item: { pk, sk: 'g', status: 'sparse', due: '1' } }))
  assert.deepEqual(await byStatus('sparse', pk), ['g'])
  await cloud.documents.send(
    new UpdateCommand({
      TableName,
      Key: { pk, sk: 'g' },
      UpdateExpression: 'REMOVE #status, due',
      ExpressionAttributeNames: { '#status': 'status' },
    }),
  )
  assert.deepEqual(await byStatus('sparse', pk), [])
})

test('an index that includes some attributes has these and the keys, as they are now, and nothing else', async () => {
  const Key = { pk: 'narrow', sk: 'g' }
  const change = (UpdateExpression: string, names: object, values: object) =>
    cloud.documents.send(
      new UpdateCommand({
        TableName,
        Key,
        UpdateExpression,
        ExpressionAttributeNames: { ...names },
        ExpressionAttributeValues: { ...values },
      }),
    )
  const entries = async (status: string) => {
    const asked = {
      KeyConditionExpression: '#status = :status',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: { ':status': status },
    }
    return (await cloud.documents.send(new QueryCommand({ TableName, IndexName: 'named', ...asked }))).Items
  }
  const item = { ...Key, status: 'narrow', due: '1', text: 'long' }
  await cloud.documents.send(new PutCommand({ TableName, Item: item }))
  const entry = { ...Key, status: 'narrow', due: '1' }
  assert.deepEqual(await entries('narrow'), [entry])
  await change('SET #name = :name, #text = :text', { '#name': 'name', '#text': 'text' }, { ':name': 'a', ':text': 'b' })
  assert.deepEqual(await entries('narrow'), [{ ...entry, name: 'a' }])
  await change('SET #status = :status', { '#status': 'status' }, { ':status': 'moved' })
  assert.deepEqual(await entries('narrow'), [])
  assert.deepEqual(await entries('moved'), [{ ...entry, status: 'moved', name: 'a' }])
})

test('queries page forwards and backwards through a prefix without loss or repetition', async () => {
  const expected = Array.from({ length: 12 }, (_, i) => `g#${String(i).padStart(3, '0')}`)
  await Promise.all(
    expected.map((sk) => cloud.documents.send(new PutCommand({ TableName, Item: { pk: 'pages', sk } }))),
  )
  for (const ScanIndexForward of [true, false]) {
    const seen: string[] = []
    let ExclusiveStartKey: Record<string, unknown> | undefined
    do {
      const page = await cloud.documents.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: { ':pk': 'pages', ':prefix': 'g#' },
          Limit: 5,
          ScanIndexForward,
          ...(ExclusiveStartKey && { ExclusiveStartKey }),
        }),
      )
      seen.push(...(page.Items ?? []).map((item) => item['sk'] as string))
      ExclusiveStartKey = page.LastEvaluatedKey
    } while (ExclusiveStartKey)
    assert.deepEqual(seen, ScanIndexForward ? expected : expected.toReversed())
  }
})

test('items whose time has passed are deleted, from the index too; the others stay', {
  skip: isExternal && 'may take days elsewhere',
}, async () => {
  const enable = { TableName, TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true } }
  await cloud.dynamodb.send(new UpdateTimeToLiveCommand(enable))
  const { TimeToLiveDescription } = await cloud.dynamodb.send(new DescribeTimeToLiveCommand({ TableName }))
  assert.equal(TimeToLiveDescription?.AttributeName, 'expires')
  const now = Math.floor(Date.now() / 1000)
  const times = { past: now - 10, future: now + 1000, text: String(now - 10), none: undefined }
  for (const [sk, expires] of Object.entries(times)) {
    const Item = { pk: 'ttl', sk, status: 'ttl', due: sk, ...(expires !== undefined && { expires }) }
    await cloud.documents.send(new PutCommand({ TableName, Item }))
  }
  const deadline = performance.now() + 5_000
  while ((await read('ttl', 'past')) && performance.now() < deadline) await setTimeout(100)
  assert.equal(await read('ttl', 'past'), undefined)
  assert.deepEqual((await byStatus('ttl', 'ttl')).toSorted(), ['future', 'none', 'text'])
})

test('a client that hangs up in the middle of a request harms nobody, and its write does not happen', async () => {
  const body = Buffer.from(JSON.stringify({ TableName, Item: { pk: { S: 'aborted' }, sk: { S: 'x' } } }))
  const head = [
    'POST / HTTP/1.1',
    'X-Amz-Target: DynamoDB_20120810.PutItem',
    'Content-Type: application/x-amz-json-1.0',
  ]
  await Promise.all(Array.from({ length: 10 }, () => hangUp(cloud.endpoints.dynamodb, head, body)))
  await open('survived', 1)
  assert.equal((await read('survived'))?.['balance'], 1)
  assert.equal(await read('aborted', 'x'), undefined)
})

test('what DynamoDB calls invalid is refused, and says why', async () => {
  const invalid = [
    new PutCommand({ TableName, Item: { pk: '', sk: 'x' } }),
    new PutCommand({ TableName, Item: { pk: 'big', sk: 'x', text: 'x'.repeat(410 * 1024) } }),
    new UpdateCommand({
      TableName,
      Key: account('x'),
      UpdateExpression: 'SET status = :x',
      ExpressionAttributeValues: { ':x': 1 },
    }),
    new UpdateCommand({
      TableName,
      Key: account('x'),
      UpdateExpression: 'SET missing.part = :x',
      ExpressionAttributeValues: { ':x': 1 },
    }),
    new UpdateCommand({
      TableName,
      Key: account('x'),
      UpdateExpression: 'SET a = :x',
      ExpressionAttributeValues: { ':x': 1, ':unused': 2 },
    }),
  ]
  for (const command of invalid) {
    const error = await refusal(cloud.documents.send(command as PutCommand), 'ValidationException')
    assert.notEqual(error.message, '')
  }
})

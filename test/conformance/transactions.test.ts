import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import {
  GetCommand,
  PutCommand,
  TransactGetCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb'
import { type Cloud, createTable, openCloud, refusal } from './cloud.ts'

type Steps = NonNullable<TransactWriteCommandInput['TransactItems']>

let cloud: Cloud
let TableName: string

before(async () => {
  cloud = await openCloud()
  TableName = await createTable(cloud.dynamodb)
})
after(() => cloud.close())

const put = (pk: string, n: number) => cloud.documents.send(new PutCommand({ TableName, Item: { pk, sk: 'x', n } }))
const read = async (pk: string): Promise<number | undefined> =>
  (await cloud.documents.send(new GetCommand({ TableName, Key: { pk, sk: 'x' }, ConsistentRead: true }))).Item?.['n']

/** Adds `by`, on condition that at least `floor` remains. */
const add = (pk: string, by: number, floor = -1e9) => ({
  Update: {
    TableName,
    Key: { pk, sk: 'x' },
    UpdateExpression: 'SET n = n + :by',
    ConditionExpression: 'n >= :least',
    ExpressionAttributeValues: { ':by': by, ':least': floor - by },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  },
})

const transact = (TransactItems: Steps, ClientRequestToken?: string) =>
  cloud.documents.send(new TransactWriteCommand({ TransactItems, ...(ClientRequestToken && { ClientRequestToken }) }))

test('one failed condition cancels every item, and its reason carries the item that failed it', async () => {
  await put('poor', 5)
  const steps = [{ Put: { TableName, Item: { pk: 'never', sk: 'x', n: 1 } } }, add('poor', -10, 0)]
  const error = await refusal<TransactionCanceledException>(transact(steps), 'TransactionCanceledException')
  assert.deepEqual(
    error.CancellationReasons?.map(({ Code }) => Code),
    ['None', 'ConditionalCheckFailed'],
  )
  assert.deepEqual(error.CancellationReasons?.[1]?.Item?.['n'], { N: '5' })
  assert.equal(await read('never'), undefined)
  assert.equal(await read('poor'), 5)
})

test('a condition check guards an item without changing it', async () => {
  await put('guard', 1)
  const check = (least: number) => ({
    ConditionCheck: {
      TableName,
      Key: { pk: 'guard', sk: 'x' },
      ConditionExpression: 'n >= :least',
      ExpressionAttributeValues: { ':least': least },
    },
  })
  await put('guarded', 0)
  await transact([check(1), add('guarded', 1)])
  await refusal(transact([check(2), add('guarded', 1)]), 'TransactionCanceledException')
  assert.equal(await read('guarded'), 1)
  assert.equal(await read('guard'), 1)
})

test('a repeated token changes nothing; the same token with other items is refused', async () => {
  await put('token', 0)
  const token = randomUUID()
  for (let i = 0; i < 3; i++) await transact([add('token', 1)], token)
  assert.equal(await read('token'), 1)
  await refusal(transact([add('token', 2)], token), 'IdempotentParameterMismatchException')
  assert.equal(await read('token'), 1)
})

test('transfers in opposite directions neither deadlock nor lose anything', async () => {
  await Promise.all([put('left', 100), put('right', 100)])
  const transfer = async (from: string, to: string) => {
    for (;;) {
      const done = await transact([add(from, -1), add(to, 1)]).then(
        () => true,
        // Elsewhere, transactions that meet are cancelled and tried again.
        (error: Error) => assert.equal(error.name, 'TransactionCanceledException'),
      )
      if (done) return
    }
  }
  await Promise.all([
    ...Array.from({ length: 10 }, () => transfer('left', 'right')),
    ...Array.from({ length: 14 }, () => transfer('right', 'left')),
  ])
  assert.deepEqual([await read('left'), await read('right')], [104, 96])
})

test('a transactional read sees both sides of a transfer or neither', async () => {
  await Promise.all([put('a', 50), put('b', 50)])
  let moving = true
  const move = async () => {
    for (let i = 0; i < 25; i++) await transact([add('a', -1), add('b', 1)])
    moving = false
  }
  const watch = async () => {
    while (moving) {
      const TransactItems = ['a', 'b'].map((pk) => ({ Get: { TableName, Key: { pk, sk: 'x' } } }))
      const read = await cloud.documents.send(new TransactGetCommand({ TransactItems })).catch(() => undefined)
      if (!read) continue
      const sum = (read.Responses ?? []).reduce((total, { Item }) => total + Item?.['n'], 0)
      assert.equal(sum, 100)
    }
  }
  await Promise.all([move(), watch()])
})

test('two operations on one item, and none at all, are refused', async () => {
  await put('twice', 0)
  await refusal(transact([add('twice', 1), add('twice', 1)]), 'ValidationException')
  await refusal(transact([]), 'ValidationException')
  assert.equal(await read('twice'), 0)
})

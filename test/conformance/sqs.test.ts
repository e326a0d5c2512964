import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs'
import { type Cloud, clientsOf, destroy, openCloud, refusal } from './cloud.ts'

let cloud: Cloud

// A queue a test, so that no test receives another's messages.
const queues = ['poll', 'timeout', 'visibility', 'extend', 'delay', 'delete', 'hangup'].map((name) => ({
  name,
  visibilityTimeoutSeconds: name === 'timeout' ? 1 : 30,
}))

before(async () => {
  cloud = await openCloud({
    queues: [
      ...queues,
      { name: 'work', visibilityTimeoutSeconds: 30, deadLetter: { queue: 'dead', maxReceiveCount: 3 } },
      { name: 'dead' },
    ],
  })
})
after(() => cloud.close())

const send = (queue: string, MessageBody: string, more: { DelaySeconds?: number; MessageGroupId?: string } = {}) =>
  cloud.sqs.send(new SendMessageCommand({ QueueUrl: cloud.queueUrl(queue), MessageBody, ...more }))

const receive = async (queue: string, WaitTimeSeconds = 0): Promise<Message | undefined> => {
  const command = new ReceiveMessageCommand({
    QueueUrl: cloud.queueUrl(queue),
    WaitTimeSeconds,
    MessageSystemAttributeNames: ['ApproximateReceiveCount'],
  })
  return (await cloud.sqs.send(command)).Messages?.[0]
}

const setVisibility = (queue: string, message: Message, VisibilityTimeout: number) =>
  cloud.sqs.send(
    new ChangeMessageVisibilityCommand({
      QueueUrl: cloud.queueUrl(queue),
      ReceiptHandle: message.ReceiptHandle,
      VisibilityTimeout,
    }),
  )

const received = (message: Message | undefined) => [message?.Body, message?.Attributes?.ApproximateReceiveCount]

test('a long poll returns as soon as a message is sent, with its first receive counted', async () => {
  const started = performance.now()
  const waiting = receive('poll', 10)
  await setTimeout(300)
  await send('poll', 'hello', { MessageGroupId: 'account-1' })
  assert.deepEqual(received(await waiting), ['hello', '1'])
  assert.ok(performance.now() - started < 5_000)
})

test('a received message is hidden until its visibility timeout passes, then comes back counted', async () => {
  await send('timeout', 'again')
  assert.deepEqual(received(await receive('timeout')), ['again', '1'])
  assert.equal(await receive('timeout'), undefined)
  assert.deepEqual(received(await receive('timeout', 5)), ['again', '2'])
})

test('visibility 0 gives a message back at once, and the receives so far still count', async () => {
  await send('visibility', 'back')
  for (let count = 1; count <= 4; count++) {
    const message = await receive('visibility', 2)
    assert.deepEqual(received(message), ['back', String(count)])
    if (message) await setVisibility('visibility', message, 0)
  }
})

test('visibility 0 wakes a long poll that is waiting', async () => {
  await send('extend', 'wake')
  const message = await receive('extend', 2)
  assert.ok(message)
  await setVisibility('extend', message, 60)
  const waiting = receive('extend', 10)
  await setTimeout(200)
  await setVisibility('extend', message, 0)
  assert.deepEqual(received(await waiting), ['wake', '2'])
})

test('a delayed message is not delivered before its time', async () => {
  await send('delay', 'later', { DelaySeconds: 1 })
  const sent = performance.now()
  assert.equal(await receive('delay'), undefined)
  assert.deepEqual(received(await receive('delay', 5)), ['later', '1'])
  assert.ok(performance.now() - sent >= 900)
})

test('a deleted message does not come back, and a receipt that is out of date is refused', async () => {
  await send('delete', 'done')
  const message = await receive('delete')
  assert.ok(message?.ReceiptHandle)
  const QueueUrl = cloud.queueUrl('delete')
  await cloud.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }))
  await refusal(setVisibility('delete', message, 0), 'MessageNotInflight')
  assert.equal(await receive('delete', 1), undefined)
})

test('a message received three times goes to the dead letter queue, whole, instead of a fourth time', async () => {
  const sent = await send('work', 'poison')
  for (let count = 1; count <= 3; count++) {
    const message = await receive('work', 2)
    assert.deepEqual(received(message), ['poison', String(count)])
    if (message) await setVisibility('work', message, 0)
  }
  assert.equal(await receive('work'), undefined)
  const dead = await receive('dead', 2)
  assert.equal(dead?.Body, 'poison')
  assert.equal(dead?.MessageId, sent.MessageId)
})

test('a poll whose client is gone takes no message away from the living', async () => {
  const abandoned = clientsOf(cloud.endpoints, { maxAttempts: 1 })
  const poll = new ReceiveMessageCommand({ QueueUrl: cloud.queueUrl('hangup'), WaitTimeSeconds: 20 })
  const controller = new AbortController()
  const gone = abandoned.sqs.send(poll, { abortSignal: controller.signal }).catch((error: Error) => error.name)
  await setTimeout(300)
  controller.abort()
  assert.equal(await gone, 'AbortError')
  destroy(abandoned)
  await setTimeout(100)
  await send('hangup', 'for the living')
  assert.deepEqual(received(await receive('hangup', 2)), ['for the living', '1'])
})

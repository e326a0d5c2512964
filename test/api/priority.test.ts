/** Priorities: what `low` costs, that it waits for what is standard, and that it does not wait for ever. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { PurgeQueueCommand } from '@aws-sdk/client-sqs'
import { reconcile } from '../../functions/reconcile/reconcile.ts'
import { receiveMessages } from '../../shared/aws/receive-messages.ts'
import { generationSchema } from '../../shared/contract/generation.ts'
import type { Priority } from '../../shared/contract/priority.ts'
import { generationMessageSchema } from '../../shared/contract/queue.ts'
import { sendGenerationMessage } from '../../shared/stores/queues.ts'
import { type Edge, startEdge } from './edge.ts'
import { createRunner } from './work.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 40 }

describe('priority', () => {
  let edge: Edge
  before(async () => {
    edge = await startEdge()
  })
  after(() => edge.close())

  const empty = async () => {
    for (const QueueUrl of Object.values(edge.api.queues.generationsUrls))
      await edge.api.queues.client.send(new PurgeQueueCommand({ QueueUrl }))
  }
  const create = async (key: string, body: object) => {
    const response = await edge.request('POST', '/v1/generations', { key, body: { ...BODY, ...body } })
    assert.equal(response.status, 202)
    return generationSchema.parse(await response.json())
  }

  test('low costs half, is quoted so, and holds no more than that', async () => {
    const { apiKey } = await edge.openAccount(400)
    const quoted = await edge.request('POST', '/v1/quotes', { key: apiKey, body: { ...BODY, priority: 'low' } })
    const quote = (await quoted.json()) as Record<string, unknown>
    assert.deepEqual(
      [quote['priority'], quote['price_micro_usd_per_nfe'], quote['max_price_micro_usd'], quote['covered']],
      ['low', 10, 400, true],
    )
    // 40 NFEs at the standard price are 800 micro-dollars.
    assert.equal((await edge.request('POST', '/v1/generations', { key: apiKey, body: BODY })).status, 402)
    const generation = await create(apiKey, { priority: 'low' })
    assert.equal(generation.priority, 'low')
    assert.equal(generation.usage.price_micro_usd_per_nfe, 10)
    assert.equal((await edge.account(apiKey))['held_micro_usd'], 400)
  })

  test('is shown with each pack', async () => {
    const { apiKey } = await edge.openAccount()
    const { data } = (await (await edge.request('GET', '/v1/packs', { key: apiKey })).json()) as {
      data: { price_micro_usd_per_nfe: number; prices_micro_usd_per_nfe: object }[]
    }
    assert.deepEqual(data[0]?.prices_micro_usd_per_nfe, { standard: 20, low: 10 })
    assert.equal(data[0]?.price_micro_usd_per_nfe, 20)
  })

  test('decides the queue, at the edge, in a batch and when reconcile sends a lost message again', async () => {
    await empty()
    const { apiKey } = await edge.openAccount()
    await create(apiKey, {})
    await create(apiKey, { priority: 'low' })
    assert.deepEqual([await edge.queued('standard'), await edge.queued('low')], [1, 1])
    const lines = [{ ...BODY, priority: 'low' }, BODY].map((line) => JSON.stringify(line)).join('\n')
    const headers = { 'content-type': 'application/x-ndjson' }
    assert.equal((await edge.request('POST', '/v1/batches', { key: apiKey, body: lines, headers })).status, 202)
    assert.deepEqual([await edge.queued('standard'), await edge.queued('low')], [2, 2])
    await empty()
    await reconcile({ ...edge.api, now: () => Date.now() + 3_600_000 })
    assert.ok((await edge.queued('low')) >= 2 && (await edge.queued('standard')) >= 2)
  })

  test('stays with an extension unless that says otherwise', async () => {
    const { id: accountId, apiKey } = await edge.openAccount()
    const { id } = await create(apiKey, { priority: 'low' })
    await createRunner(edge).work({ accountId, generationId: id })
    const extend = async (body: object) => {
      const response = await edge.request('POST', `/v1/generations/${id}/extend`, { key: apiKey, body })
      return generationSchema.parse(await response.json())
    }
    assert.equal((await extend({ nfe_budget: 20 })).priority, 'low')
    const urgent = await extend({ nfe_budget: 20, priority: 'standard' })
    assert.deepEqual([urgent.priority, urgent.usage.price_micro_usd_per_nfe], ['standard', 20])
  })

  /** Receives until so many messages are worked on; their ids in that order. */
  const receive = async (count: number, whileWaiting: () => Promise<void> = async () => undefined) => {
    const order: string[] = []
    const stopping = new AbortController()
    const { standard, low } = edge.api.queues.generationsUrls
    const receiving = receiveMessages({
      client: edge.api.queues.client,
      queueUrl: standard,
      patientQueueUrl: low,
      parse: (body) => generationMessageSchema.parse(body),
      concurrency: 1,
      visibilitySeconds: 30,
      handle: async ({ message }) => {
        order.push(message.generation_id)
        if (order.length === count) stopping.abort()
        return { kind: 'delete' }
      },
      signal: stopping.signal,
    })
    await whileWaiting()
    await receiving
    return order
  }
  const send = async (priority: Priority, count: number) => {
    for (let at = 0; at < count; at++)
      await sendGenerationMessage(edge.api.queues, { id: priority, account_id: `acct_${at}`, priority })
  }

  test('lets low wait while standard waits, but every fifth turn is its own', async () => {
    await empty()
    await send('low', 4)
    await send('standard', 12)
    const order = await receive(16)
    const turn = ['standard', 'standard', 'standard', 'standard', 'low']
    assert.deepEqual(order, [...turn, ...turn, ...turn.slice(0, 4), 'low', 'low'])
  })

  test('does not keep low waiting for a runner that rests, nor standard', { timeout: 20_000 }, async () => {
    await empty()
    const began = performance.now()
    const order = await receive(2, async () => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      await send('low', 1)
      await send('standard', 1)
    })
    assert.deepEqual(order.toSorted(), ['low', 'standard'])
    assert.ok(performance.now() - began < 10_000)
  })
})

/** The end of a batch: told once, after its last line, wherever a process stops. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { batchEndedEventSchema } from '../../shared/contract/event.ts'
import { completeGeneration } from '../../shared/stores/complete-generation.ts'
import type { TestAccount } from './edge.ts'
import { stopAfter } from './stop-after.ts'
import { startWebhookBench, type WebhookBench } from './webhook-bench.ts'
import { createRunner, endUnsettled } from './work.ts'

describe('batch.ended', () => {
  let bench: WebhookBench
  before(async () => {
    bench = await startWebhookBench()
  })
  after(() => bench.close())

  const open = async (lines: number) => {
    const account = await bench.edge.openAccount()
    const receiver = await bench.receiver()
    const endpoint = await bench.endpoint(account, { url: receiver.url, events: ['batch.ended'] })
    const batch = await createBatch(account, lines)
    const told = async () => {
      await bench.deliverAll(account)
      return receiver.received.map(({ body, headers }) => {
        new Webhook(endpoint.secret).verify(body, headers)
        return batchEndedEventSchema.parse(JSON.parse(body)).data
      })
    }
    return { account, ...batch, told }
  }
  const createBatch = async (account: TestAccount, lines: number) => {
    const body = Array.from({ length: lines }, () => JSON.stringify({ prompt: 'seven balloons' })).join('\n')
    const created = await bench.edge.request('POST', `/v1/batches?nfe_budget=${lines * 20}`, {
      key: account.apiKey,
      body,
      headers: { 'content-type': 'application/x-ndjson' },
    })
    const { id } = (await created.json()) as { id: string }
    const results = await bench.edge.request('GET', `/v1/batches/${id}/results`, { key: account.apiKey })
    const ids = (await results.text())
      .trim()
      .split('\n')
      .map((row) => String(JSON.parse(row).generation_id))
    return { id, lines: ids.map((generationId) => ({ accountId: account.id, generationId })) }
  }

  test('is told once, after the last line, with what all of them came to', async () => {
    const { account, id, lines, told } = await open(3)
    const runner = createRunner(bench.edge)
    for (const line of lines) {
      assert.deepEqual(await told(), [])
      bench.clock.now += 1000
      await runner.work(line)
    }
    const [event, ...others] = await told()
    assert.deepEqual(others, [])
    const { json: batch } = await bench.api(account, 'GET', `/v1/batches/${id}`)
    assert.equal(batch.status, 'ended')
    const { object: _, status: __, ...same } = batch
    assert.deepEqual(event, same)
    assert.deepEqual([event?.progress.succeeded, event?.usage.nfe_used], [3, 60])
    // The message of a line comes again: nothing new.
    for (const line of lines) await runner.work(line, 2)
    assert.equal((await told()).length, 1)
  })

  test('is told once when all lines end at once', async () => {
    const { lines, told } = await open(8)
    await Promise.all(lines.map((line) => createRunner(bench.edge).work(line)))
    assert.equal((await told()).length, 1)
  })

  test('is told of a batch that was canceled', async () => {
    const { account, id, told } = await open(4)
    assert.equal((await bench.api(account, 'POST', `/v1/batches/${id}/cancel`)).status, 202)
    const [event] = await told()
    assert.deepEqual([event?.progress.canceled, event?.usage.price_micro_usd], [4, 0])
  })

  test('is told once wherever the process that ends the last line stops', async () => {
    let wholeWrites = 0
    for (let writes = 0; wholeWrites === 0; writes++) {
      const { lines, told } = await open(2)
      const [first, last] = lines
      assert.ok(first && last)
      await createRunner(bench.edge).work(first)
      const generation = await endUnsettled(bench.edge, { ...last, nfeUsed: 20 })
      const stopped = await completeGeneration(stopAfter(bench.edge.api, writes), generation).then(
        () => false,
        () => true,
      )
      if (!stopped) wholeWrites = writes
      await completeGeneration(bench.edge.api, generation)
      await completeGeneration(bench.edge.api, generation)
      assert.deepEqual([writes, (await told()).map(({ usage }) => usage.nfe_used)], [writes, [40]])
    }
    assert.ok(wholeWrites >= 6, String(wholeWrites))
  })

  test('is not told of a generation that is no line of a batch', async () => {
    const { account, told } = await open(1)
    const created = await bench.api(account, 'POST', '/v1/generations', { prompt: 'seven balloons', nfe_budget: 20 })
    await createRunner(bench.edge).work({ accountId: account.id, generationId: created.json.id })
    assert.deepEqual(await told(), [])
  })
})

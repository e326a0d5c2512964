/** Settled NFEs reach Stripe's meter once each, whatever is lost on the way, and what is in doubt reaches a human instead. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { findCustomers } from '../../functions/metering/find-customers.ts'
import { meterRecords } from '../../functions/metering/meter-records.ts'
import { type MeteringContext, meterSettlement } from '../../functions/metering/meter-settlement.ts'
import { reconcileDay } from '../../functions/metering/report/reconcile-day.ts'
import { settlementOf } from '../../functions/metering/settlement-of-record.ts'
import { generationSchema } from '../../shared/contract/generation.ts'
import { appendLedger, type GenerationEntry } from '../../shared/stores/ledger.ts'
import { getObject } from '../../shared/stores/outputs.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { type StripeMeter, startStripeMeter } from './stripe-meter.ts'
import { createRunner } from './work.ts'

const HOUR = 3_600_000
const DAY = Date.parse('2026-03-02T00:00:00Z')

describe('metering', () => {
  let edge: Edge
  let meter: StripeMeter
  let on: MeteringContext
  let now = DAY
  let account: TestAccount
  let customer: string
  let made = 0
  before(async () => {
    edge = await startEdge(() => now)
    meter = await startStripeMeter(() => now)
    const { stripe } = meter
    on = {
      table: edge.api.table,
      stripe,
      customerOf: findCustomers(stripe),
      eventName: 'rollover_nfe',
      now: () => now,
    }
  })
  after(async () => {
    await meter.close()
    await edge.close()
  })
  beforeEach(async () => {
    now = DAY + 10 * HOUR
    meter.mood = 'well'
    account = await edge.openAccount()
    customer = `cus_${account.id.slice(-8)}`
    meter.customers.set(account.id, [customer])
  })

  /** An entry as a settlement leaves it in the ledger. */
  const settle = async (nfe: number, at = now): Promise<GenerationEntry> => {
    const id = `gen_${(made++).toString().padStart(6, '0')}`
    const entry: GenerationEntry = {
      id: `settle_${id}`,
      kind: 'settle',
      account_id: account.id,
      generation_id: id,
      key_id: account.keyId,
      pack: 'emoji-world',
      priority: 'standard',
      price_list: '2026-01',
      micro_usd_per_nfe: 20,
      nfe,
      micro_usd: nfe * 20,
      at,
    }
    await appendLedger(edge.api.table, entry)
    return entry
  }
  const countedFor = (id: string) => meter.counted.filter(({ customer: each }) => each === id)
  const report = () => reconcileDay({ ...on, bucket: edge.api.bucket, meterId: 'mtr_test' }, DAY)
  const mine = async () => (await report()).accounts.find(({ account_id }) => account_id === account.id)

  test('counts what a real generation used, under its id, at the time it ended', async () => {
    const body = { prompt: 'seven balloons', nfe_budget: 60 }
    const response = await edge.request('POST', '/v1/generations', { key: account.apiKey, body })
    const { id } = generationSchema.parse(await response.json())
    await createRunner(edge).work({ accountId: account.id, generationId: id })
    const ended = await edge.request('GET', `/v1/generations/${id}`, { key: account.apiKey })
    const { usage } = generationSchema.parse(await ended.json())
    assert.ok(usage.nfe_used > 0)
    const day = await mine()
    assert.deepEqual([day?.nfe_settled, day?.nfe_at_stripe, day?.verdict], [usage.nfe_used, usage.nfe_used, 'agrees'])
    const [event, ...more] = countedFor(customer)
    assert.deepEqual(more, [])
    assert.equal(event?.identifier, id)
    assert.equal(event.value, usage.nfe_used)
    assert.equal(event.timestamp, Math.floor(now / 1000))
  })

  test('sends a settlement again as often as the stream does, and asks Stripe once', async () => {
    const entry = await settle(100)
    const before = meter.attempts
    for (let i = 0; i < 3; i++) assert.equal(await meterSettlement(on, entry), 'sent')
    assert.equal(meter.attempts, before + 1)
    assert.equal(countedFor(customer).length, 1)
  })

  test('takes an answer that was lost for a doubt, and the refusal of a duplicate for the proof', async () => {
    const entry = await settle(70)
    meter.mood = 'lost'
    await assert.rejects(meterSettlement(on, entry))
    meter.mood = 'well'
    now += 22 * HOUR
    assert.equal(await meterSettlement(on, entry), 'sent')
    assert.equal(countedFor(customer).length, 1)
  })

  test('never sends an event again that may have been counted more than a day ago', async () => {
    const entry = await settle(70)
    meter.mood = 'lost'
    await assert.rejects(meterSettlement(on, entry))
    meter.mood = 'well'
    now += 25 * HOUR
    const before = meter.attempts
    for (let i = 0; i < 2; i++) assert.equal(await meterSettlement(on, entry), 'unsure')
    assert.equal(meter.attempts, before)
    const day = await mine()
    // Stripe's sum tells the human that it was counted.
    assert.deepEqual([day?.verdict, day?.unsure, day?.nfe_at_stripe], ['agrees_with_unsure', [entry.generation_id], 70])
  })

  test('shows a doubt that was not counted as a sum that agrees without it', async () => {
    const entry = await settle(30)
    await meterSettlement(on, await settle(5))
    meter.mood = 'broken'
    await assert.rejects(meterSettlement(on, entry))
    meter.mood = 'well'
    now += 24 * HOUR
    const day = await mine()
    assert.deepEqual([day?.verdict, day?.unsure, day?.nfe], ['agrees', [entry.generation_id], { sent: 5, unsure: 30 }])
  })

  test('sends what Stripe refused again, at any time: a refusal counts nothing', async () => {
    for (const mood of ['busy', 'locked'] as const) {
      const entry = await settle(40)
      meter.mood = mood
      await assert.rejects(meterSettlement(on, entry), mood)
      meter.mood = 'well'
      now += 30 * HOUR
      assert.equal(await meterSettlement(on, entry), 'sent', mood)
    }
    assert.equal(countedFor(customer).length, 2)
  })

  test('does not call a settlement refused when an earlier attempt at it is in doubt', async () => {
    const entry = await settle(40)
    meter.mood = 'lost'
    await assert.rejects(meterSettlement(on, entry))
    meter.mood = 'busy'
    await assert.rejects(meterSettlement(on, entry))
    meter.mood = 'well'
    now += 30 * HOUR
    assert.equal(await meterSettlement(on, entry), 'unsure')
    assert.equal(countedFor(customer).length, 1)
  })

  test('goes on after an event that Stripe will not have, and reports it', async () => {
    const entry = await settle(40)
    meter.mood = 'rejected'
    assert.equal(await meterSettlement(on, entry), 'refused')
    const day = await mine()
    assert.deepEqual([day?.refused, day?.nfe_at_stripe, day?.verdict], [[entry.generation_id], 0, 'agrees'])
    meter.mood = 'well'
    assert.equal((await mine())?.nfe_at_stripe, 40)
  })

  test('finds what the stream never brought, and keeps the report', async () => {
    await settle(11)
    await settle(0)
    await settle(22, DAY + 24 * HOUR - 1)
    await settle(44, DAY + 24 * HOUR)
    now = DAY + 26 * HOUR
    assert.deepEqual((await mine())?.nfe, { sent: 33 })
    const kept = await getObject(edge.api.bucket, 'reports/metering/2026-03-02.json')
    const { accounts } = JSON.parse(new TextDecoder().decode(kept)) as { accounts: { account_id: string }[] }
    assert.ok(accounts.some(({ account_id }) => account_id === account.id))
  })

  test('bills nobody for an account that no customer claims, and nobody by chance when two do', async () => {
    meter.customers.delete(account.id)
    assert.equal(await meterSettlement(on, await settle(10)), 'unbilled')
    assert.equal((await mine())?.verdict, 'unbilled')
    meter.customers.set(account.id, ['cus_1', 'cus_2'])
    await assert.rejects(meterSettlement(on, await settle(10)), /two customers/)
    meter.customers.set(account.id, [customer])
  })

  test('does not offer Stripe what it takes no more', async () => {
    assert.equal(await meterSettlement(on, await settle(10, now - 36 * 24 * HOUR)), 'late')
  })

  test('counts once what is metered twice at the same moment', async () => {
    const entry = await settle(90)
    const outcomes = await Promise.all([
      meterSettlement(on, entry),
      meterSettlement(on, entry),
      meterSettlement(on, entry),
    ])
    assert.deepEqual(outcomes, ['sent', 'sent', 'sent'])
    assert.equal(countedFor(customer).length, 1)
  })

  test('hands the stream back from the first record that failed on, and none before it', async () => {
    const entries = [await settle(1), await settle(2), await settle(3)]
    const records = entries.map((entry, index) => ({
      dynamodb: {
        SequenceNumber: `${index + 1}00`,
        NewImage: {
          kind: { S: 'settle' },
          account_id: { S: entry.account_id },
          generation_id: { S: entry.generation_id },
          nfe: { N: String(entry.nfe) },
          at: { N: String(entry.at) },
        },
      },
    }))
    const [first = assert.fail()] = records
    assert.deepEqual(settlementOf(first).nfe, 1)
    await meterSettlement(on, entries[0] ?? assert.fail())
    meter.mood = 'broken'
    const failed = await meterRecords(on, records)
    assert.deepEqual([failed.failedFrom, failed.outcomes], ['200', { sent: 1 }])
    meter.mood = 'well'
    assert.deepEqual(await meterRecords(on, records.slice(1)), { outcomes: { sent: 2 } })
    assert.equal(
      countedFor(customer).reduce((sum, { value }) => sum + value, 0),
      6,
    )
    assert.throws(() => settlementOf({ dynamodb: { NewImage: { kind: { S: 'hold' } } } }))
  })
})

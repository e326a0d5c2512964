/** What the index `due` has of an item: enough for whoever looks, and nothing that a search or a hold changes. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { QueryCommand } from '@aws-sdk/lib-dynamodb'
import { generationSchema } from '../../shared/contract/generation.ts'
import { putDelivery } from '../../shared/stores/deliveries.ts'
import { closeGeneration, finishGeneration, leaseGeneration, writeProgress } from '../../shared/stores/generations.ts'
import { DUE_INDEX, type DueKind } from '../../shared/stores/table.ts'
import { type Edge, startEdge } from './edge.ts'

const KEYS = ['pk', 'sk', 'duePk', 'dueSk']

let edge: Edge
before(async () => {
  edge = await startEdge()
})
after(() => edge.close())

const entriesOf = async (kind: DueKind): Promise<Record<string, unknown>[]> => {
  const { Items = [] } = await edge.api.table.client.send(
    new QueryCommand({
      TableName: edge.api.table.name,
      IndexName: DUE_INDEX,
      KeyConditionExpression: 'duePk = :kind',
      ExpressionAttributeValues: { ':kind': `DUE#${kind}` },
    }),
  )
  return Items
}

/** Its only entry there, beside the keys. */
const entry = async (kind: DueKind): Promise<object> => {
  const [item = assert.fail(`nothing is due: ${kind}`), ...others] = await entriesOf(kind)
  assert.equal(others.length, 0)
  return Object.fromEntries(Object.entries(item).filter(([name]) => !KEYS.includes(name)))
}

test('the due index names what must be looked at and counts open work, and has no prompt, progress, hold or body', async () => {
  const { table } = edge.api
  const account = await edge.openAccount()
  const body = { prompt: 'seven balloons', nfe_budget: 100, metadata: { order: '1' } }
  const created = await edge.request('POST', '/v1/generations', { key: account.apiKey, body })
  const { id } = generationSchema.parse(await created.json())
  const named = { accountId: account.id, generationId: id }
  const own = { id, account_id: account.id, nfe_budget: 100 }
  assert.deepEqual(await entry('GENERATION'), { ...own, status: 'queued' })
  assert.deepEqual(await entry('ACCOUNT'), { id: account.id })

  const now = Date.now()
  assert.equal((await leaseGeneration(table, { ...named, now, leaseMs: 1000 })).kind, 'leased')
  const progress = { nfe_used: 10, step: 1, steps: 10, best_reward: -1, quota: 9, rolled_over: 0 }
  assert.ok(await writeProgress(table, { ...named, fence: 1, progress }))
  assert.deepEqual(await entry('GENERATION'), { ...own, status: 'running' })

  const ending = { status: 'failed', nfe_used: 0, error: { code: 'internal', detail: 'A test.' } } as const
  assert.ok(await finishGeneration(table, { ...named, fence: 1, ending, now, reviewAt: now }))
  assert.deepEqual(await entry('GENERATION'), { ...own, status: 'failed' })
  await closeGeneration(table, { ...named, expiresAt: now })
  assert.deepEqual(await entriesOf('GENERATION'), [])
  assert.deepEqual(await entry('RETENTION'), { ...own, status: 'failed' })

  const [event_id, event_type] = ['evt_1', 'generation.failed'] as const
  const what = { account_id: account.id, event_id, event_type, url: 'http://127.0.0.1:9', body: '{}' }
  await putDelivery(table, { ...what, id: event_id, state: 'pending', at: now })
  assert.deepEqual(await entry('DELIVERY'), { id: event_id, account_id: account.id })
})

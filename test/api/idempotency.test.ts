/** Idempotency-Key: one key, one generation, one hold, whatever is repeated, raced or cut off between two writes. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { QueryCommand } from '@aws-sdk/lib-dynamodb'
import { createApi } from '../../functions/api/app.ts'
import { reconcile } from '../../functions/reconcile/reconcile.ts'
import { type Generation, generationSchema } from '../../shared/contract/generation.ts'
import { problemSchema } from '../../shared/contract/problem.ts'
import { getAccount } from '../../shared/stores/accounts.ts'
import { IDEMPOTENCY_SECONDS } from '../../shared/stores/idempotency.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { stopAfter } from './stop-after.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 100 }
const CLAIM_MS = 30_000
/** The rate's count, claim, hold, generation, message, answer. */
const WRITES = 6
const CLAIMED = 2
const WRITTEN = 4

describe('a request with an Idempotency-Key', () => {
  let edge: Edge
  let now = Date.now()
  let number = 0
  before(async () => {
    edge = await startEdge(() => now)
  })
  after(() => edge.close())

  /** Its key was just used, so that the note of its last use is no write of the request that follows. */
  const openUsed = async () => {
    const account = await edge.openAccount()
    await edge.account(account.apiKey)
    return account
  }
  const newKey = () => `key-${++number}`
  const post = (account: TestAccount, key: string, body: unknown = BODY) =>
    edge.request('POST', '/v1/generations', { key: account.apiKey, body, headers: { 'idempotency-key': key } })
  const generationOf = async (response: Response): Promise<Generation> => {
    assert.equal(response.status, 202, await response.clone().text())
    return generationSchema.parse(await response.json())
  }
  const codeOf = async (response: Response) => problemSchema.parse(await response.json()).code
  const holdsOf = async (account: TestAccount) => {
    const item = await getAccount(edge.api.table, account.id)
    assert.equal(
      item?.held_micro_usd,
      Object.values(item?.holds ?? {}).reduce((sum, hold) => sum + hold.micro_usd, 0),
    )
    return Object.keys(item?.holds ?? {})
  }
  const itemsOf = async (account: TestAccount, prefix: string): Promise<Record<string, unknown>[]> => {
    const { Items } = await edge.api.table.client.send(
      new QueryCommand({
        TableName: edge.api.table.name,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
        ExpressionAttributeValues: { ':pk': `ACCOUNT#${account.id}`, ':sk': prefix },
      }),
    )
    return Items ?? []
  }

  test('is answered again, byte for byte and marked as replayed, and holds once', async () => {
    const account = await edge.openAccount()
    const key = newKey()
    const first = await post(account, key)
    const again = await post(account, key)
    assert.equal(first.headers.get('idempotent-replayed'), null)
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    assert.equal(again.status, 202)
    assert.equal(again.headers.get('location'), first.headers.get('location'))
    assert.equal(again.headers.get('content-type'), first.headers.get('content-type'))
    assert.equal(await again.text(), await first.text())
    assert.equal((await holdsOf(account)).length, 1)
  })

  test('is the same one when the key is quoted and the JSON is written otherwise', async () => {
    const account = await edge.openAccount()
    const key = newKey()
    const first = await generationOf(await post(account, key))
    const again = await post(account, `"${key}"`, `{ "nfe_budget":100, "prompt" : "seven balloons and four bears" }`)
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    assert.equal((await generationOf(again)).id, first.id)
  })

  test('is refused when another body or another path comes under its key', async () => {
    const account = await edge.openAccount()
    const key = newKey()
    await generationOf(await post(account, key))
    const other = await post(account, key, { ...BODY, nfe_budget: 101 })
    assert.equal(other.status, 422)
    assert.equal(await codeOf(other), 'idempotency_key_reused')
    assert.equal((await holdsOf(account)).length, 1)
  })

  test('is told to wait while its first try is at work, and a race of many makes one generation', async () => {
    const account = await edge.openAccount()
    const key = newKey()
    const answers = await Promise.all(Array.from({ length: 12 }, () => post(account, key)))
    const accepted = answers.filter(({ status }) => status === 202)
    const waiting = answers.filter(({ status }) => status === 409)
    assert.equal(accepted.length + waiting.length, 12)
    assert.ok(accepted.length >= 1)
    for (const response of waiting) {
      assert.equal(response.headers.get('retry-after'), '1')
      assert.equal(await codeOf(response), 'idempotency_in_progress')
    }
    const ids = new Set(await Promise.all(accepted.map(async (response) => (await generationOf(response)).id)))
    assert.equal(ids.size, 1)
    assert.equal((await holdsOf(account)).length, 1)
  })

  test('belongs to its account: the same key of another account is another request', async () => {
    const [mine, other] = [await edge.openAccount(), await edge.openAccount()]
    const key = newKey()
    const [a, b] = [await generationOf(await post(mine, key)), await generationOf(await post(other, key))]
    assert.notEqual(a.id, b.id)
  })

  test('may come again under its key after a refusal, mended or after a credit', async () => {
    const account = await edge.openAccount(1000)
    const key = newKey()
    assert.equal((await post(account, key)).status, 402)
    assert.equal((await post(account, key, { ...BODY, colour: 'red' })).status, 422)
    await generationOf(await post(account, key, { ...BODY, nfe_budget: 50 }))
  })

  test('begins anew after a day', async () => {
    const account = await edge.openAccount()
    const key = newKey()
    const first = await generationOf(await post(account, key))
    now += IDEMPOTENCY_SECONDS * 1000 + 1000
    const second = await post(account, key)
    assert.equal(second.headers.get('idempotent-replayed'), null)
    assert.notEqual((await generationOf(second)).id, first.id)
  })

  for (const bad of ['', '""', 'two words', 'é', '"open', 'x'.repeat(256)])
    test(`is refused when its key is ${bad === '' ? 'empty' : bad.slice(0, 20)}`, async () => {
      const account = await edge.openAccount()
      const response = await post(account, bad)
      assert.equal(response.status, 400)
      assert.equal(await codeOf(response), 'invalid_header')
      assert.deepEqual(await holdsOf(account), [])
    })

  for (let writes = 0; writes <= WRITES; writes++)
    test(`that stopped after ${writes} of ${WRITES} writes is resumed as one generation with one hold`, async () => {
      const account = await openUsed()
      const key = newKey()
      const headers = {
        authorization: `Bearer ${account.apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      }
      const dying = createApi(stopAfter(edge.api, writes))
      await dying.request('/v1/generations', { method: 'POST', headers, body: JSON.stringify(BODY) })
      const before_ = (await itemsOf(account, 'GENERATION#')).map(({ id }) => id)
      const early = await post(account, key)
      const atWork = writes >= CLAIMED && writes < WRITES
      if (atWork) {
        assert.equal(early.status, 409)
        now += CLAIM_MS
      }
      const resumed = await generationOf(atWork ? await post(account, key) : early)
      assert.equal((await generationOf(await post(account, key))).id, resumed.id)
      assert.deepEqual(
        (await itemsOf(account, 'GENERATION#')).map(({ id }) => id),
        [resumed.id],
      )
      if (writes >= WRITTEN) assert.deepEqual(before_, [resumed.id])
      assert.deepEqual(await holdsOf(account), [resumed.id])
    })

  for (const writes of [CLAIMED, CLAIMED + 1, WRITTEN])
    test(`that stopped after ${writes} writes, long before it comes again, is still held once`, async () => {
      const account = await openUsed()
      const key = newKey()
      const headers = { authorization: `Bearer ${account.apiKey}`, 'content-type': 'application/json' }
      const dying = createApi(stopAfter(edge.api, writes))
      const init = { method: 'POST', headers: { ...headers, 'idempotency-key': key }, body: JSON.stringify(BODY) }
      await dying.request('/v1/generations', init)
      now += 61_000
      // Reconcile gives back the hold that no generation answers for; its id is spent.
      await reconcile({ ...edge.api, now: () => now })
      assert.equal((await holdsOf(account)).length, writes === WRITTEN ? 1 : 0)
      const resumed = await generationOf(await post(account, key))
      assert.equal((await generationOf(await post(account, key))).id, resumed.id)
      assert.deepEqual(await holdsOf(account), [resumed.id])
    })

  test('leaves neither prompt nor key readable in its record', async () => {
    const account = await edge.openAccount()
    const key = 'a-key-of-mine'
    await generationOf(await post(account, key))
    const [record] = await itemsOf(account, 'IDEMPOTENCY#')
    const text = JSON.stringify(record)
    assert.ok(text.includes('answer'))
    assert.ok(!text.includes(key) && !text.includes('balloons'))
  })
})

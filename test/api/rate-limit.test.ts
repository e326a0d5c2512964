/** The rate limit: exact under a race, told on every write, and gone with the next minute. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createApi } from '../../functions/api/app.ts'
import { problemSchema } from '../../shared/contract/problem.ts'
import { type Edge, startEdge } from './edge.ts'

const LIMIT = 5
const BODY = JSON.stringify({ prompt: 'seven balloons and four bears', nfe_budget: 10 })

describe('the rate of writes', () => {
  let edge: Edge
  let now = Date.parse('2026-05-01T10:00:20Z')
  let app: ReturnType<typeof createApi>
  before(async () => {
    edge = await startEdge(() => now)
    app = createApi({ ...edge.api, writesPerMinute: LIMIT })
  })
  after(() => edge.close())

  const send = async (apiKey: string, method = 'POST', body: string | undefined = BODY) =>
    app.request('/v1/generations', {
      method,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      ...(method === 'POST' && { body }),
    })

  test('is told on every write, refused or not, and refuses the next with a time to wait', async () => {
    const { apiKey } = await edge.openAccount()
    for (let left = LIMIT - 1; left >= 0; left--) {
      const response = await send(apiKey, 'POST', left % 2 === 0 ? BODY : '{}')
      assert.equal(response.status, left % 2 === 0 ? 202 : 422)
      assert.equal(response.headers.get('ratelimit-policy'), `"writes";q=${LIMIT};w=60`)
      assert.equal(response.headers.get('ratelimit'), `"writes";r=${left};t=40`)
    }
    const before_ = await edge.account(apiKey)
    const refused = await send(apiKey)
    assert.equal(refused.status, 429)
    assert.equal(refused.headers.get('retry-after'), '40')
    assert.equal(refused.headers.get('ratelimit'), '"writes";r=0;t=40')
    const problem = problemSchema.parse(await refused.json())
    assert.deepEqual([problem.code, problem.retryable], ['rate_limited', true])
    assert.deepEqual(await edge.account(apiKey), before_)
  })

  test('does not count reads', async () => {
    const { apiKey } = await edge.openAccount()
    for (let at = 0; at < LIMIT + 3; at++) {
      const response = await send(apiKey, 'GET')
      assert.deepEqual([response.status, response.headers.get('ratelimit')], [200, null])
    }
    assert.equal((await send(apiKey)).status, 202)
  })

  test('lets exactly its number through when many come at once, and begins anew with the minute', async () => {
    const { apiKey } = await edge.openAccount()
    const race = async () =>
      (await Promise.all(Array.from({ length: 20 }, () => send(apiKey)))).filter(({ status }) => status === 202).length
    assert.equal(await race(), LIMIT)
    now += 40_000
    assert.equal(await race(), LIMIT)
  })

  test("is the account's own", async () => {
    const [one, other] = [await edge.openAccount(), await edge.openAccount()]
    await Promise.all(Array.from({ length: LIMIT }, () => send(one.apiKey)))
    assert.equal((await send(one.apiKey)).status, 429)
    assert.equal((await send(other.apiKey)).status, 202)
  })
})

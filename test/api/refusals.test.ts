/** Bad input gets a precise problem and changes nothing: balance, holds and queue are the same before and after. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { problemSchema } from '../../shared/contract/problem.ts'
import { formatApiKey } from '../../shared/domain/api-key.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'

const GOOD = { prompt: 'seven balloons and four bears', nfe_budget: 100 }

interface Refusal {
  readonly what: string
  readonly body: unknown
  readonly status: number
  readonly code: string
  readonly pointer?: string
  readonly says?: RegExp
}

const invalid = (what: string, body: unknown, pointer: string, says?: RegExp): Refusal => ({
  what,
  body,
  status: 422,
  code: 'invalid_request',
  pointer,
  ...(says && { says }),
})

const REFUSALS: readonly Refusal[] = [
  { what: 'malformed JSON', body: '{"prompt": "seven', status: 400, code: 'malformed_json' },
  { what: 'an empty body', body: '', status: 400, code: 'malformed_json' },
  {
    what: 'a body over the limit',
    body: { ...GOOD, prompt: 'x'.repeat(70_000) },
    status: 413,
    code: 'payload_too_large',
  },
  invalid('a body that is no object', [1], ''),
  invalid('an unknown field', { ...GOOD, budget: 5 }, '/budget', /unknown field/),
  invalid('an unknown field inside the reward', { ...GOOD, reward: { name: 'count', count: {} } }, '/reward/count'),
  invalid('a prompt of the wrong type', { ...GOOD, prompt: 7 }, '/prompt'),
  invalid('no prompt', { nfe_budget: 100 }, '/prompt'),
  invalid('an empty prompt', { ...GOOD, prompt: '  ' }, '/prompt'),
  invalid('NUL in a prompt', { ...GOOD, prompt: 'seven\0 balloons' }, '/prompt', /NUL/),
  invalid('half a surrogate pair in a prompt', { ...GOOD, prompt: 'seven \ud83d balloons' }, '/prompt', /surrogate/),
  invalid('NUL in metadata', { ...GOOD, metadata: { mine: 'x\0y' } }, '/metadata/mine', /NUL/),
  invalid(
    'half a surrogate pair in metadata',
    { ...GOOD, metadata: { mine: '\udc00' } },
    '/metadata/mine',
    /surrogate/,
  ),
  invalid('half a surrogate pair in a URL', { ...GOOD, webhook_url: 'https://example.com/\ud83d' }, '/webhook_url'),
  invalid('no budget', { prompt: GOOD.prompt }, '/nfe_budget'),
  invalid('a budget of 0', { ...GOOD, nfe_budget: 0 }, '/nfe_budget'),
  invalid('a negative budget', { ...GOOD, nfe_budget: -5 }, '/nfe_budget'),
  invalid('a fractional budget', { ...GOOD, nfe_budget: 1.5 }, '/nfe_budget'),
  invalid('a budget in words', { ...GOOD, nfe_budget: '100' }, '/nfe_budget'),
  invalid("a budget above the pack's cap", { ...GOOD, nfe_budget: 2001 }, '/nfe_budget', /cap of 2000/),
  invalid('a budget above every cap', { ...GOOD, nfe_budget: 1e300 }, '/nfe_budget'),
  invalid('a seed that is no 32-bit integer', { ...GOOD, seed: 2 ** 32 }, '/seed'),
  invalid('an unknown pack', { ...GOOD, pack: 'flux' }, '/pack', /emoji-world/),
  invalid('a pack named like a property of objects', { ...GOOD, pack: '__proto__' }, '/pack'),
  invalid('an unknown search', { ...GOOD, search: 'luck' }, '/search', /rbf/),
  invalid('an unknown reward', { ...GOOD, reward: 'beauty' }, '/reward'),
  invalid(
    'a count of an unknown thing',
    { ...GOOD, reward: { name: 'count', counts: { ballon: 7 } } },
    '/reward/counts/ballon',
    /balloon/,
  ),
  invalid(
    'a fractional count',
    { ...GOOD, reward: { name: 'count', counts: { balloon: 0.5 } } },
    '/reward/counts/balloon',
  ),
  invalid('no counts', { ...GOOD, reward: { name: 'count', counts: {} } }, '/reward/counts'),
  invalid(
    'one thing counted twice',
    { ...GOOD, reward: { name: 'count', counts: { bear: 1, bears: 2 } } },
    '/reward/counts/bears',
    /twice/,
  ),
  invalid('a prompt longer than the pack takes', { ...GOOD, prompt: 'one bear, '.repeat(20) }, '/prompt', /at most 20/),
  invalid('a prompt with no word the pack knows', { ...GOOD, prompt: 'the meaning of life' }, '/prompt', /no word/),
  invalid('a misspelt prompt', { ...GOOD, prompt: 'seven baloons' }, '/prompt', /did you mean balloons/),
  invalid(
    'a prompt that counts nothing',
    { ...GOOD, prompt: 'balloons on a blue background' },
    '/reward',
    /reward.counts/,
  ),
  invalid('a target that is no number', { ...GOOD, target_reward: 'high' }, '/target_reward'),
  invalid('a target that no store can keep', { ...GOOD, target_reward: -6.4e16 }, '/target_reward'),
  invalid('a webhook that is no URL', { ...GOOD, webhook_url: 'nowhere' }, '/webhook_url'),
  invalid('a webhook on a private address', { ...GOOD, webhook_url: 'https://10.0.0.1/' }, '/webhook_url'),
  invalid(
    'a webhook on the metadata address',
    { ...GOOD, webhook_url: 'http://169.254.169.254/latest' },
    '/webhook_url',
  ),
  { what: 'a budget above the balance', body: { ...GOOD, nfe_budget: 51 }, status: 402, code: 'insufficient_budget' },
]

describe('a refused request', () => {
  let edge: Edge
  let poor: TestAccount
  before(async () => {
    edge = await startEdge()
    // 50 NFEs at 20 micro-dollars: every request of 100 NFEs is refused for its own fault, not for money.
    poor = await edge.openAccount(1000)
  })
  after(() => edge.close())

  const unchanged = async (act: () => Promise<Response>): Promise<Response> => {
    const before_ = { account: await edge.account(poor.apiKey), queued: await edge.queued() }
    const response = await act()
    assert.deepEqual({ account: await edge.account(poor.apiKey), queued: await edge.queued() }, before_)
    return response
  }

  for (const { what, body, status, code, pointer, says } of REFUSALS)
    test(`${what} gets ${code} and changes nothing`, async () => {
      const response = await unchanged(() => edge.request('POST', '/v1/generations', { key: poor.apiKey, body }))
      assert.equal(response.status, status)
      assert.equal(response.headers.get('content-type'), 'application/problem+json')
      const problem = problemSchema.parse(await response.json())
      assert.equal(problem.code, code)
      assert.equal(problem.status, status)
      if (pointer !== undefined)
        assert.deepEqual(
          problem.errors?.map((fault) => fault.pointer),
          [pointer],
        )
      if (says !== undefined) assert.match(problem.detail, says)
    })

  test('a target next to nothing is taken for 0: no store keeps it closer', async () => {
    const { apiKey } = await edge.openAccount()
    const body = { ...GOOD, target_reward: 5e-324 }
    const response = await edge.request('POST', '/v1/generations', { key: apiKey, body })
    assert.equal(response.status, 202)
    assert.equal(((await response.json()) as { target_reward: number }).target_reward, 0)
  })

  test('402 says what was required and what is available', async () => {
    const body = { ...GOOD, nfe_budget: 51 }
    const response = await unchanged(() => edge.request('POST', '/v1/generations', { key: poor.apiKey, body }))
    const problem = problemSchema.parse(await response.json())
    assert.deepEqual([problem.nfe_required, problem.nfe_available, problem.scope], [51, 50, 'account'])
    assert.equal(problem.retryable, false)
  })

  test('a body that is not said to be JSON gets 415', async () => {
    const options = { key: poor.apiKey, body: JSON.stringify(GOOD), headers: { 'content-type': 'text/plain' } }
    const response = await unchanged(() => edge.request('POST', '/v1/generations', options))
    assert.equal(response.status, 415)
    assert.equal(problemSchema.parse(await response.json()).code, 'unsupported_media_type')
  })

  test('a body that is deeper than 16 levels is refused on every route, whatever it says of its type, and is not remembered', async () => {
    const { apiKey: key } = await edge.openAccount()
    const posts = ['/v1/generations', '/v1/batches', '/v1/quotes', '/v1/keys', '/v1/webhook-endpoints', '/v1/shares']
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const)
      for (const depth of [17, Math.floor(60_000 / (open.length + close.length))])
        for (const path of posts) {
          const body = `${open.repeat(depth)}1${close.repeat(depth)}`
          const type = path === '/v1/batches' ? 'application/x-ndjson' : 'application/json'
          const headers = { 'content-type': type, 'idempotency-key': 'deep' }
          const response = await edge.request('POST', path, { key, body, headers })
          const { code, errors } = problemSchema.parse(await response.json())
          assert.deepEqual([response.status, code], [422, 'invalid_request'], path)
          assert.deepEqual(errors, [{ pointer: '', detail: 'nested deeper than 16 levels' }], path)
        }
    // The key has not been used up.
    const body = { prompt: 'two bears', nfe_budget: 1, metadata: { text: '['.repeat(17) } }
    const headers = { 'idempotency-key': 'deep' }
    assert.equal((await edge.request('POST', '/v1/generations', { key, body, headers })).status, 202)
  })

  test('several faults are told at once', async () => {
    const body = { prompt: 5, nfe_budget: 0, colour: 'red' }
    const response = await unchanged(() => edge.request('POST', '/v1/generations', { key: poor.apiKey, body }))
    const pointers = problemSchema.parse(await response.json()).errors?.map(({ pointer }) => pointer) ?? []
    assert.deepEqual(pointers.toSorted(), ['/colour', '/nfe_budget', '/prompt'])
  })

  for (const [what, key] of [
    ['no key', undefined],
    ['a mistyped key', 'rk_notakey'],
    ['a well-formed key that no account has', formatApiKey('rk', new Uint8Array(64).fill(9))],
  ] as const)
    test(`${what} gets 401 and changes nothing`, async () => {
      const response = await unchanged(() =>
        edge.request('POST', '/v1/generations', { ...(key && { key }), body: GOOD }),
      )
      assert.equal(response.status, 401)
      assert.equal(problemSchema.parse(await response.json()).code, 'unauthorized')
    })

  test('a revoked key opens nothing from the moment it is revoked', async () => {
    const account = await edge.openAccount()
    const path = `/v1/admin/accounts/${account.id}/keys/${account.keyId}`
    assert.equal((await edge.request('DELETE', path, { key: edge.adminKey })).status, 204)
    const response = await unchanged(() => edge.request('POST', '/v1/generations', { key: account.apiKey, body: GOOD }))
    assert.equal(response.status, 401)
    assert.match(problemSchema.parse(await response.json()).detail, /revoked/)
  })

  test('an account key opens no admin route, and the admin key no account route', async () => {
    const body = { name: 'Mine', credit_micro_usd: 1_000_000 }
    assert.equal((await edge.request('POST', '/v1/admin/accounts', { key: poor.apiKey, body })).status, 401)
    assert.equal((await edge.request('GET', '/v1/account', { key: edge.adminKey })).status, 401)
    const forged = formatApiKey('rka', new Uint8Array(64).fill(3))
    assert.equal((await edge.request('POST', '/v1/admin/accounts', { key: forged, body })).status, 401)
  })

  test('a path that does not exist gets a problem too', async () => {
    const response = await edge.request('GET', '/v1/nothing', { key: poor.apiKey })
    assert.equal(response.status, 404)
    assert.equal(problemSchema.parse(await response.json()).code, 'not_found')
  })
})

/** Keys: what each may do and how much, how they end, and that a change counts from the next request on. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createApi } from '../../functions/api/app.ts'
import { type KeyView, keySchema } from '../../shared/contract/key.ts'
import { type Problem, problemSchema } from '../../shared/contract/problem.ts'
import { formatApiKey } from '../../shared/domain/api-key.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { stopAfter } from './stop-after.ts'
import { createRunner } from './work.ts'

const NOON = Date.parse('2026-11-30T12:00:00Z')
const BODY = { prompt: 'seven balloons', nfe_budget: 40 }

interface Issued {
  readonly key_id: string
  readonly api_key: string
  readonly key: KeyView
}

describe('a key', () => {
  let edge: Edge
  let now = NOON
  before(async () => {
    edge = await startEdge(() => now)
  })
  after(() => edge.close())

  const admin = async <Answer>(method: string, path: string, body?: unknown) => {
    const response = await edge.request(method, `/v1/admin/accounts/${path}`, {
      key: edge.adminKey,
      ...(body !== undefined && { body }),
    })
    const text = await response.text()
    return { status: response.status, json: (text === '' ? undefined : JSON.parse(text)) as Answer }
  }
  const issue = async (account: TestAccount, settings: object = {}): Promise<Issued> => {
    const { status, json } = await admin<Issued>('POST', `${account.id}/keys`, { name: 'Test', ...settings })
    assert.equal(status, 201, JSON.stringify(json))
    keySchema.parse(json.key)
    return json
  }
  const look = async (account: TestAccount, { key_id }: Issued) =>
    keySchema.parse((await admin('GET', `${account.id}/keys/${key_id}`)).json)
  const post = (key: string, body: object = {}) =>
    edge.request('POST', '/v1/generations', { key, body: { ...BODY, ...body } })
  const refusal = async (response: Response): Promise<Problem> => problemSchema.parse(await response.json())
  const get = async (key: string, path = '/v1/account') => edge.request('GET', path, { key })

  test('that is mistyped is refused without a look into the table', async () => {
    const app = createApi({ ...edge.api, table: stopAfter(edge.api, 0).table })
    const key = formatApiKey('rk', new Uint8Array(64).fill(7))
    const ask = (authorization: string) => app.request('/v1/account', { headers: { authorization } })
    const last = key.at(-1) === 'a' ? 'b' : 'a'
    const mistyped = await refusal(await ask(`Bearer ${key.slice(0, -1)}${last}`))
    assert.deepEqual([mistyped.code, mistyped.status], ['unauthorized', 401])
    assert.match(mistyped.detail, /checksum/)
    // A well-formed one is looked up, and the table of this edge is gone.
    assert.equal((await ask(`Bearer ${key}`)).status, 500)
    assert.equal((await get(key)).status, 401)
    assert.equal((await get(edge.adminKey)).status, 401)
  })

  test('may do what its scopes say: reading is not writing, generations are not the account', async () => {
    const account = await edge.openAccount()
    const reader = await issue(account, { scopes: ['generations:read'] })
    const refused = await refusal(await post(reader.api_key))
    assert.deepEqual([refused.status, refused.code, refused.required_scope], [403, 'forbidden', 'generations:write'])
    assert.equal((await get(reader.api_key, '/v1/generations')).status, 200)
    assert.equal((await refusal(await get(reader.api_key))).required_scope, 'account:read')
    const writer = await issue(account, { scopes: ['generations:write'] })
    assert.equal((await post(writer.api_key)).status, 202)
    assert.equal((await get(writer.api_key, '/v1/generations')).status, 403)
    const hooks = await issue(account, { scopes: ['webhooks:read'] })
    assert.equal((await get(hooks.api_key, '/v1/webhook-endpoints')).status, 200)
    const endpoint = { key: hooks.api_key, body: { url: 'https://example.com/' } }
    const denied = await refusal(await edge.request('POST', '/v1/webhook-endpoints', endpoint))
    assert.equal(denied.required_scope, 'webhooks:write')
  })

  test('is needed, with a scope, by every route that is not for everybody', async () => {
    const account = await edge.openAccount()
    const document = (await (await edge.request('GET', '/openapi.json')).json()) as {
      paths: Record<string, Record<string, unknown>>
    }
    // No scope opens both sides, so each route refuses one of these keys; packs and prices are for any key, what is
    // shared for none.
    const [reader, writer] = [
      await issue(account, { scopes: ['account:read'] }),
      await issue(account, { scopes: ['webhooks:write'] }),
    ]
    for (const [path, item] of Object.entries(document.paths))
      for (const method of Object.keys(item)) {
        if (path.startsWith('/v1/admin/') || /^\/v1\/(packs|price-lists|shared)/.test(path)) continue
        const concrete = path.replaceAll(/\{[^}]+\}/g, 'x')
        const statuses = await Promise.all(
          [reader, writer].map(
            async ({ api_key: key }) => (await edge.request(method.toUpperCase(), concrete, { key })).status,
          ),
        )
        assert.ok(statuses.includes(403), `${method} ${path}: ${statuses}`)
      }
  })

  test('refuses a budget above its cap for one request, and says what it takes', async () => {
    const account = await edge.openAccount()
    const { api_key: key } = await issue(account, { nfe_per_request: 39 })
    for (const path of ['/v1/generations', '/v1/quotes']) {
      const refused = await refusal(await edge.request('POST', path, { key, body: BODY }))
      const { status, code, scope, nfe_required, nfe_available } = refused
      assert.deepEqual(
        [status, code, scope, nfe_required, nfe_available],
        [402, 'key_cap_exceeded', 'key_request', 40, 39],
      )
    }
    assert.equal((await post(key, { nfe_budget: 39 })).status, 202)
  })

  test('holds no more than its caps for a day and a month, however many ask at once', async () => {
    const account = await edge.openAccount()
    const { api_key: key, ...issued } = await issue(account, { nfe_per_day: 200, nfe_per_month: 280 })
    const answers = await Promise.all(Array.from({ length: 9 }, () => post(key)))
    assert.equal(answers.filter(({ status }) => status === 202).length, 5)
    const refused = await refusal(answers.find(({ status }) => status === 402) ?? new Response())
    assert.deepEqual(
      [refused.code, refused.scope, refused.nfe_available, refused.resets_at],
      ['key_cap_exceeded', 'key_day', 0, '2026-12-01T00:00:00.000Z'],
    )
    assert.deepEqual((await look(account, { ...issued, api_key: key })).usage, {
      day: { date: '2026-11-30', nfe: 200 },
      month: { month: '2026-11', nfe: 200 },
    })
    // The account's other keys are not bound by it.
    assert.equal((await post(account.apiKey)).status, 202)
  })

  test('gets back what a generation did not use, in the day and month that it was held in', async () => {
    const account = await edge.openAccount()
    const issued = await issue(account, { nfe_per_day: 40, nfe_per_month: 100 })
    const { api_key: key } = issued
    const created = (await (await post(key)).json()) as { id: string }
    assert.equal((await post(key)).status, 402)
    await edge.request('POST', `/v1/generations/${created.id}/cancel`, { key })
    const searched = (await (await post(key)).json()) as { id: string }
    now = Date.parse('2026-12-01T00:00:00Z')
    // Used up in November, settled in December: December's caps are untouched.
    await createRunner(edge).work({ accountId: account.id, generationId: searched.id })
    assert.deepEqual((await look(account, issued)).usage, {
      day: { date: '2026-12-01', nfe: 0 },
      month: { month: '2026-12', nfe: 0 },
    })
    assert.equal((await post(key)).status, 202)
    now = Date.parse('2026-12-02T00:00:00Z')
    assert.equal((await post(key)).status, 202)
    now = Date.parse('2026-12-03T00:00:00Z')
    const refused = await refusal(await post(key))
    assert.deepEqual(
      [refused.scope, refused.nfe_available, refused.resets_at],
      ['key_month', 20, '2027-01-01T00:00:00.000Z'],
    )
    now = NOON
  })

  test('may use the packs it was given only', async () => {
    const account = await edge.openAccount()
    const [card] = [...edge.api.packs.values()]
    assert.ok(card)
    const other = { ...card, manifest: { ...card.manifest, name: 'other-world' } }
    const app = createApi({ ...edge.api, packs: new Map([...edge.api.packs, ['other-world', other]]) })
    const { api_key: key } = await issue(account, { packs: ['emoji-world'] })
    const ask = (pack: string) =>
      app.request('/v1/generations', {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...BODY, pack }),
      })
    assert.equal((await ask('emoji-world')).status, 202)
    const refused = await refusal(await ask('other-world'))
    assert.deepEqual([refused.status, refused.code, refused.errors?.[0]?.pointer], [403, 'forbidden', '/pack'])
    const unknown = await admin<Problem>('POST', `${account.id}/keys`, { name: 'Test', packs: ['none-such'] })
    assert.deepEqual([unknown.status, unknown.json.errors?.[0]?.pointer], [422, '/packs/0'])
  })

  test('opens nothing from its expiry on', async () => {
    const account = await edge.openAccount()
    const { api_key: key } = await issue(account, { expires_at: '2026-11-30T13:00:00Z' })
    now = Date.parse('2026-11-30T12:59:59.999Z')
    assert.equal((await get(key)).status, 200)
    now = Date.parse('2026-11-30T13:00:00Z')
    assert.match((await refusal(await get(key))).detail, /expired at 2026-11-30T13:00:00/)
    const past = await admin<Problem>('POST', `${account.id}/keys`, {
      name: 'Late',
      expires_at: '2026-11-30T12:00:00Z',
    })
    assert.equal(past.json.errors?.[0]?.pointer, '/expires_at')
    now = NOON
  })

  test('is changed from the next request on', async () => {
    const account = await edge.openAccount()
    const issued = await issue(account)
    assert.equal((await post(issued.api_key)).status, 202)
    const changed = await admin('PATCH', `${account.id}/keys/${issued.key_id}`, {
      scopes: ['generations:read'],
      nfe_per_day: 100,
    })
    assert.equal(changed.status, 200)
    assert.equal((await post(issued.api_key)).status, 403)
    assert.equal((await get(issued.api_key, '/v1/generations')).status, 200)
    assert.equal((await look(account, issued)).nfe_per_day, 100)
    await admin('PATCH', `${account.id}/keys/${issued.key_id}`, { nfe_per_day: null })
    assert.equal((await look(account, issued)).nfe_per_day, null)
  })

  test('is revoked at once, and for good', async () => {
    const account = await edge.openAccount()
    const issued = await issue(account)
    assert.equal((await get(issued.api_key)).status, 200)
    const path = `${account.id}/keys/${issued.key_id}`
    assert.equal((await admin('DELETE', path)).status, 204)
    assert.match((await refusal(await get(issued.api_key))).detail, /revoked/)
    now += 5000
    assert.equal((await admin('DELETE', path)).status, 204)
    assert.equal((await look(account, issued)).revoked_at, new Date(NOON).toISOString())
    for (const [method, at, body] of [
      ['PATCH', path, { name: 'Again' }],
      ['POST', `${path}/rotate`, {}],
    ] as const)
      assert.equal((await admin<Problem>(method, at, body)).json.code, 'key_revoked')
    assert.equal((await admin('DELETE', `${account.id}/keys/key_none`)).status, 404)
    now = NOON
  })

  test('is rotated with an overlap: both secrets open the account, then the new one alone', async () => {
    const account = await edge.openAccount()
    const old = await issue(account, { nfe_per_day: 40 })
    assert.equal((await post(old.api_key)).status, 202)
    const path = `${account.id}/keys/${old.key_id}/rotate`
    const fresh = (await admin<Issued>('POST', path, { overlap_seconds: 3600 })).json
    assert.equal(fresh.key_id, old.key_id)
    assert.notEqual(fresh.api_key, old.api_key)
    for (const { api_key } of [old, fresh]) {
      assert.equal((await get(api_key)).status, 200)
      // The same key, so the same cap: a rotation gives no second allowance.
      assert.equal((await post(api_key)).status, 402)
    }
    assert.equal((await admin<Problem>('POST', path, { overlap_seconds: 60 })).json.code, 'key_rotating')
    now = NOON + 3_600_000
    assert.match((await refusal(await get(old.api_key))).detail, /rotated/)
    assert.equal((await get(fresh.api_key)).status, 200)
    const last = (await admin<Issued>('POST', path, { overlap_seconds: 0 })).json
    assert.equal((await get(fresh.api_key)).status, 401)
    assert.equal((await get(last.api_key)).status, 200)
    now = NOON
  })

  test('shows when it was used last, each secret its own, to within a minute', async () => {
    const account = await edge.openAccount()
    const issued = await issue(account)
    assert.equal((await look(account, issued)).last_used_at, null)
    await get(issued.api_key)
    assert.equal((await look(account, issued)).last_used_at, new Date(NOON).toISOString())
    now = NOON + 59_000
    await get(issued.api_key)
    assert.equal((await look(account, issued)).last_used_at, new Date(NOON).toISOString())
    now = NOON + 61_000
    await get(issued.api_key)
    assert.equal((await look(account, issued)).last_used_at, new Date(now).toISOString())
    await admin('POST', `${account.id}/keys/${issued.key_id}/rotate`, {})
    const [fresh, old] = (await look(account, issued)).secrets
    assert.deepEqual([fresh?.last_used_at, old?.last_used_at], [null, new Date(now).toISOString()])
    assert.ok(issued.api_key.startsWith(old?.hint.replace('...', '') ?? 'none'))
    now = NOON
  })
})

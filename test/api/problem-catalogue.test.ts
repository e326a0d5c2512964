/** Every problem that the document and its pages speak of is one that a request can meet: each is provoked here. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { createApi } from '../../functions/api/app.ts'
import type { ApiContext } from '../../functions/api/context.ts'
import { PROBLEMS, type ProblemCode, problemSchema } from '../../shared/contract/problem.ts'
import { claimDelivery } from '../../shared/stores/deliveries.ts'
import { MAX_HOLDS } from '../../shared/stores/holds.ts'
import { type Edge, startEdge } from './edge.ts'
import { createRunner } from './work.ts'

const GOOD = { prompt: 'two bears', nfe_budget: 1 }

/** A fleet with work for a day, all of it of others. */
const FULL = {
  at: Date.now(),
  secondsPerNfe: 0.1,
  tasks: 1,
  maxTasks: 1,
  concurrency: 2,
  queuedNfe: 864_000,
  runningNfe: 0,
  running: 0,
  accounts: 500,
  heaviest: [],
}

interface Asked {
  readonly key?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

describe('every problem', () => {
  let edge: Edge
  before(async () => {
    edge = await startEdge()
  })
  after(() => edge.close())

  const ask = (method: string, path: string, asked: Asked = {}) => edge.request(method, path, asked)
  const json = async <Answer = Record<string, string>>(response: Response | Promise<Response>): Promise<Answer> =>
    (await response).json() as Promise<Answer>
  /** The same edge, but for what is said. */
  const otherwise = (change: Partial<ApiContext>, path: string, init: RequestInit): Promise<Response> =>
    Promise.resolve(createApi({ ...edge.api, ...change }).request(path, init))
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

  const someone = () => edge.openAccount()
  const keyWith = async (terms: object): Promise<string> => {
    const { id } = await someone()
    const body = { name: 'limited', ...terms }
    return (await json(ask('POST', `/v1/admin/accounts/${id}/keys`, { key: edge.adminKey, body })))['api_key'] ?? ''
  }
  const created = async (key: string) => (await json(ask('POST', '/v1/generations', { key, body: GOOD })))['id'] ?? ''
  const endpointOf = async (key: string) => {
    const body = { url: 'http://127.0.0.1:9/hook' }
    return (await json(ask('POST', '/v1/webhook-endpoints', { key, body })))['id'] ?? ''
  }

  const PROVOKED: Readonly<Record<ProblemCode, () => Promise<Response>>> = {
    invalid_header: async () =>
      ask('POST', '/v1/generations', {
        key: (await someone()).apiKey,
        body: GOOD,
        headers: { 'idempotency-key': '""' },
      }),
    malformed_json: async () => ask('POST', '/v1/generations', { key: (await someone()).apiKey, body: '{"prompt": ' }),
    unauthorized: () => ask('GET', '/v1/account'),
    insufficient_budget: async () =>
      ask('POST', '/v1/generations', { key: (await edge.openAccount(0)).apiKey, body: GOOD }),
    key_cap_exceeded: async () =>
      ask('POST', '/v1/generations', { key: await keyWith({ nfe_per_day: 1 }), body: { ...GOOD, nfe_budget: 2 } }),
    forbidden: async () => ask('GET', '/v1/account', { key: await keyWith({ scopes: ['generations:read'] }) }),
    invalid_share: () => ask('GET', '/v1/shared/none'),
    share_expired: async () => {
      const { apiKey: key, id: accountId } = await someone()
      const generationId = await created(key)
      await createRunner(edge).work({ accountId, generationId })
      const { token } = await json<{ token: string }>(
        ask('POST', '/v1/shares', { key, body: { generations: [generationId] } }),
      )
      const later = Date.now() + 8 * 86_400_000
      return otherwise({ now: () => later }, `/v1/shared/${token}`, {})
    },
    not_found: async () => ask('GET', '/v1/generations/gen_none', { key: (await someone()).apiKey }),
    method_not_allowed: async () => ask('PUT', '/v1/generations', { key: (await someone()).apiKey }),
    key_revoked: async () => {
      const { id, keyId } = await someone()
      const path = `/v1/admin/accounts/${id}/keys/${keyId}`
      await ask('DELETE', path, { key: edge.adminKey })
      return ask('POST', `${path}/rotate`, { key: edge.adminKey, body: {} })
    },
    key_rotating: async () => {
      const { id, keyId } = await someone()
      const rotate = () =>
        ask('POST', `/v1/admin/accounts/${id}/keys/${keyId}/rotate`, { key: edge.adminKey, body: {} })
      await rotate()
      return rotate()
    },
    month_open: async () =>
      ask('GET', `/v1/account/invoices/${new Date().toISOString().slice(0, 7)}`, { key: (await someone()).apiKey }),
    not_extendable: async () => {
      const { apiKey: key } = await someone()
      return ask('POST', `/v1/generations/${await created(key)}/extend`, { key, body: { nfe_budget: 1 } })
    },
    already_ended: async () => {
      const { apiKey: key, id: accountId } = await someone()
      const generationId = await created(key)
      await createRunner(edge).work({ accountId, generationId })
      return ask('POST', `/v1/generations/${generationId}/cancel`, { key })
    },
    endpoint_disabled: async () => {
      const { apiKey: key } = await someone()
      const id = await endpointOf(key)
      await ask('PATCH', `/v1/webhook-endpoints/${id}`, { key, body: { enabled: false } })
      return ask('POST', `/v1/webhook-endpoints/${id}/test`, { key })
    },
    delivery_in_progress: async () => {
      const { apiKey: key, id: accountId } = await someone()
      const sent = await json<{ id: string }>(
        ask('POST', `/v1/webhook-endpoints/${await endpointOf(key)}/test`, { key }),
      )
      await claimDelivery(edge.api.table, { accountId, deliveryId: sent.id, now: Date.now(), claimMs: 60_000 })
      return ask('POST', `/v1/webhook-deliveries/${sent.id}/replay`, { key })
    },
    too_many_endpoints: async () => {
      const { apiKey: key } = await someone()
      for (let count = 0; count < 20; count++) await endpointOf(key)
      return ask('POST', '/v1/webhook-endpoints', { key, body: { url: 'http://127.0.0.1:9/' } })
    },
    not_ended: async () => {
      const { apiKey: key } = await someone()
      return ask('DELETE', `/v1/generations/${await created(key)}`, { key })
    },
    idempotency_in_progress: async () => {
      const { apiKey: key } = await someone()
      const post = () => ask('POST', '/v1/generations', { key, body: GOOD, headers: { 'idempotency-key': 'race' } })
      const answers = await Promise.all(Array.from({ length: 12 }, post))
      return answers.find(({ status }) => status === 409) ?? answers[0] ?? Response.error()
    },
    payload_too_large: async () =>
      ask('POST', '/v1/generations', { key: (await someone()).apiKey, body: { ...GOOD, prompt: 'x'.repeat(70_000) } }),
    unsupported_media_type: async () =>
      ask('POST', '/v1/generations', {
        key: (await someone()).apiKey,
        body: 'two bears',
        headers: { 'content-type': 'text/plain' },
      }),
    invalid_request: async () => ask('POST', '/v1/generations', { key: (await someone()).apiKey, body: {} }),
    content_refused: async () => {
      const headers = { ...bearer((await someone()).apiKey), 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body: JSON.stringify(GOOD) }
      return otherwise({ denied: () => 'bears' }, '/v1/generations', init)
    },
    idempotency_key_reused: async () => {
      const { apiKey: key } = await someone()
      const post = (seed: number) =>
        ask('POST', '/v1/generations', { key, body: { ...GOOD, seed }, headers: { 'idempotency-key': 'one' } })
      await post(1)
      return post(2)
    },
    overloaded: async () => {
      const headers = { ...bearer((await someone()).apiKey), 'content-type': 'application/json' }
      const init = { method: 'POST', headers, body: JSON.stringify(GOOD) }
      return otherwise({ fleet: async () => FULL }, '/v1/generations', init)
    },
    rate_limited: async () => {
      const { apiKey } = await someone()
      const headers = { ...bearer(apiKey), 'content-type': 'application/json' }
      const post = () =>
        otherwise({ writesPerMinute: 1 }, '/v1/quotes', { method: 'POST', headers, body: JSON.stringify(GOOD) })
      await post()
      // The minute may have turned in between.
      await post()
      return post()
    },
    too_many_generations: async () => {
      const { apiKey: key } = await someone()
      const body = `${JSON.stringify(GOOD)}\n`.repeat(100)
      const headers = { 'content-type': 'application/x-ndjson' }
      for (let open = 0; open < MAX_HOLDS; open += 100)
        assert.equal((await ask('POST', '/v1/batches', { key, body, headers })).status, 202)
      return ask('POST', '/v1/generations', { key, body: GOOD })
    },
    internal: async () =>
      otherwise({ table: { ...edge.api.table, name: 'no-such-table' } }, '/v1/account', {
        headers: bearer((await someone()).apiKey),
      }),
    unavailable: async () => {
      const nobody = DynamoDBDocumentClient.from(
        new DynamoDBClient({ endpoint: 'http://127.0.0.1:9', region: 'us-east-1', maxAttempts: 1 }),
      )
      return otherwise({ table: { ...edge.api.table, client: nobody } }, '/v1/account', {
        headers: bearer((await someone()).apiKey),
      })
    },
  }

  for (const [code, { status, title, retryable }] of Object.entries(PROBLEMS))
    test(`${code} is met by a request`, async () => {
      const response = await PROVOKED[code as ProblemCode]()
      assert.equal(response.headers.get('content-type'), 'application/problem+json')
      const problem = problemSchema.parse(await response.json())
      assert.deepEqual(
        { code: problem.code, status: response.status, title: problem.title, retryable: problem.retryable },
        { code, status, title, retryable },
      )
      assert.equal(problem.request_id, response.headers.get('x-request-id'))
      const page = await ask('GET', new URL(problem.type).pathname)
      assert.equal((await json(page))['code'], code)
      if (status === 429 || code === 'unavailable') assert.ok(Number(response.headers.get('retry-after')) > 0)
    })

  test('every status that an operation documents has codes, and every code a status that is documented', async () => {
    const document = await json<{ paths: Record<string, Record<string, { responses: object }>> }>(
      ask('GET', '/openapi.json'),
    )
    const operations = Object.values(document.paths).flatMap((item) => Object.values(item))
    const documented = new Set(operations.flatMap(({ responses }) => Object.keys(responses)))
    const statuses = new Set(Object.values(PROBLEMS).map(({ status }) => String(status)))
    for (const status of documented)
      if (status >= '400' && status !== 'default') assert.ok(statuses.has(status), `no code has the status ${status}`)
    // 405 is about paths that are no operation.
    for (const status of statuses)
      assert.ok(documented.has(status) || status === '405', `${status} is documented nowhere`)
  })
})

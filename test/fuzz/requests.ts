/** The whole edge under requests near valid ones: every answer is a success or a problem, and never a fault of ours. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { problemSchema } from '../../shared/contract/problem.ts'
import { startEdge } from '../api/edge.ts'
import { mutatedJson, mutatedText } from './mutate.ts'

interface Request {
  readonly route: { readonly method: string; readonly path: string }
  readonly id: string
  readonly query: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  readonly key: 'account' | 'admin' | 'none'
}

const BODIES = [
  { prompt: 'two bears', nfe_budget: 10, seed: 1, search: 'rbf', metadata: { a: 'b' } },
  { pack: 'trajectories', prompt: 'from left to right around a wall', format: 'json', nfe_budget: 10 },
  { nfe_budget: 10 },
  { name: 'CI', scopes: ['generations:read'], nfe_per_day: 5 },
  { url: 'http://127.0.0.1:9/hook', events: ['*'] },
  { overlap_seconds: 60 },
  { id: 'credit-1', micro_usd: 1000 },
  { name: 'Studio', credit_micro_usd: 1000 },
]
const text = mutatedText(...BODIES.map((body) => JSON.stringify(body)))
const json = mutatedJson(...BODIES).map((body) => JSON.stringify(body) ?? '')
/** What a header may carry at all: the rest never gets here. */
const printable = (value: string): string => value.replace(/[^\x20-\x7e]/g, '').trim()
const header = (...valid: readonly string[]) =>
  fc.option(mutatedText(...valid).map(printable), { nil: undefined, freq: 2 })

export interface RequestFigures {
  readonly requests: number
  readonly statuses: Readonly<Record<string, number>>
  /** The smallest request found that breaks the edge, and how. */
  readonly crash?: string
}

export const fuzzRequests = async ({ numRuns, seed }: { numRuns: number; seed: number }): Promise<RequestFigures> => {
  const edge = await startEdge()
  try {
    const account = await edge.openAccount()
    const made = await edge.request('POST', '/v1/generations', { key: account.apiKey, body: BODIES[0] })
    const { id } = (await made.json()) as { id: string }
    const document = (await (await edge.request('GET', '/openapi.json')).json()) as { paths: Record<string, object> }
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    )
    const statuses: Record<string, number> = {}
    let requests = 0
    const keys = { account: account.apiKey, admin: edge.adminKey, none: 'rk_none' }
    const send = async ({ route, id: named, query, body, headers, key }: Request): Promise<void> => {
      const path = route.path.replace(/\{[^}]+\}/g, () => encodeURIComponent(named.toWellFormed()))
      const response = await edge.request(route.method, `${path}${query}`, {
        key: keys[key],
        headers,
        ...(!['GET', 'DELETE'].includes(route.method) && { body }),
      })
      requests++
      statuses[response.status] = (statuses[response.status] ?? 0) + 1
      const answer = response.headers.get('content-type')?.startsWith('text/event-stream')
        ? await response.body?.cancel().then(() => '')
        : await response.text()
      assert.ok(response.status < 500, `${response.status} ${answer}`)
      if (response.status >= 400) problemSchema.parse(JSON.parse(answer ?? ''))
    }
    const property = fc.asyncProperty(requestOf(routes, id), send)
    const result = await fc.check(property, { numRuns, seed })
    const crash = result.failed ? `${fc.stringify(result.counterexample)}: ${String(result.errorInstance)}` : undefined
    return { requests, statuses, ...(crash !== undefined && { crash }) }
  } finally {
    await edge.close()
  }
}

const requestOf = (routes: readonly Request['route'][], id: string): fc.Arbitrary<Request> =>
  fc.record({
    route: fc.constantFrom(...routes),
    id: fc.oneof(fc.constant(id), mutatedText(id, '0', '2026-11')),
    query: fc.oneof(
      { weight: 3, arbitrary: fc.constant('') },
      mutatedText('?limit=5&cursor=Z2VuX0E&format=csv').map(queryOf),
    ),
    body: fc.oneof(json, text),
    headers: fc
      .record({
        'content-type': header('application/json', 'application/x-ndjson'),
        'idempotency-key': header('"order-1"'),
        prefer: header('wait=0'),
        'last-event-id': header('000001-000002', 'end'),
        range: header('bytes=0-9'),
      })
      .map(
        (all) =>
          Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<string, string>,
      ),
    key: fc.constantFrom('account' as const, 'account' as const, 'admin' as const, 'none' as const),
  })

/** A URL takes no lone surrogates, and no fragment reaches a server. */
const queryOf = (query: string): string => `?${encodeURI(query.toWellFormed()).replaceAll(/[#?]/g, '')}`

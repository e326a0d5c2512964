/** What the tests of statements and usage share: an edge whose clock they set, and generations that end when they say. */
import assert from 'node:assert/strict'
import { generationSchema } from '../../shared/contract/generation.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner, type TestRunner } from './work.ts'

export interface Books {
  readonly edge: Edge
  readonly runner: TestRunner
  /** Sets the clock of edge and runner. */
  setTime(time: string): void
  create(key: string, body?: object): Promise<string>
  /** Creates a generation and searches it to its end. @returns its id. */
  search(account: TestAccount, body?: object, key?: string): Promise<string>
  get<Body>(path: string, key: string): Promise<Body>
}

export const BUDGET = 40

export const openBooks = async (): Promise<Books> => {
  let now = Date.parse('2026-11-10T12:00:00Z')
  const edge = await startEdge(() => now)
  const runner = createRunner(edge)
  const create: Books['create'] = async (key, body = {}) => {
    const response = await edge.request('POST', '/v1/generations', {
      key,
      body: { prompt: 'seven balloons', nfe_budget: BUDGET, ...body },
    })
    assert.equal(response.status, 202)
    return generationSchema.parse(await response.json()).id
  }
  return {
    edge,
    runner,
    setTime: (time) => {
      now = Date.parse(time)
    },
    create,
    search: async (account, body, key = account.apiKey) => {
      const generationId = await create(key, body)
      await runner.work({ accountId: account.id, generationId })
      return generationId
    },
    get: async (path, key) => {
      const response = await edge.request('GET', path, { key })
      assert.equal(response.status, 200, `${path}: ${response.status}`)
      return (await response.json()) as never
    },
  }
}

/** An edge with one account that asks for generations and has them searched: the set-up of tests about what a search leaves. */
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { type Generation, generationSchema } from '../../shared/contract/generation.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

export interface Customer {
  readonly edge: Edge
  readonly account: TestAccount
  /** The answer to `POST /v1/generations`, whatever it is. */
  ask(terms?: object, headers?: object): Promise<Response>
  /** The generation, once it is accepted. */
  create(terms?: object): Promise<Generation>
  /** Has a runner search it. @returns it as the account sees it then. */
  work(generation: Pick<Generation, 'id'>): Promise<Generation>
}

/** Call it inside a `describe`: it starts before the tests there and ends after them. @param body asked for unless a test says otherwise. */
export const startCustomer = (body: object): Customer => {
  let started: { edge: Edge; account: TestAccount } | undefined
  const here = () => {
    if (started === undefined) throw new Error('the edge has not started')
    return started
  }
  before(async () => {
    const edge = await startEdge()
    started = { edge, account: await edge.openAccount() }
  })
  after(() => started?.edge.close())
  const ask: Customer['ask'] = (terms = {}, headers = {}) => {
    const { edge, account } = here()
    return edge.request('POST', '/v1/generations', { key: account.apiKey, body: { ...body, ...terms }, headers })
  }
  return {
    get edge() {
      return here().edge
    },
    get account() {
      return here().account
    },
    ask,
    create: async (terms) => {
      const response = await ask(terms)
      assert.equal(response.status, 202, await response.clone().text())
      return generationSchema.parse(await response.json())
    },
    work: async ({ id }) => {
      const { edge, account } = here()
      await createRunner(edge).work({ accountId: account.id, generationId: id })
      const response = await edge.request('GET', `/v1/generations/${id}`, { key: account.apiKey })
      return generationSchema.parse(await response.json())
    },
  }
}

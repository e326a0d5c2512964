/** What the routes about an account's books share: the account they are about, and the two forms of an answer. */
import { type RouteConfig, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { type Account, getAccount } from '../../../shared/stores/accounts.ts'
import type { ApiContext, ApiEnv } from '../context.ts'
import { adminKeySecurity, apiKeySecurity } from '../route.ts'

export interface Books {
  readonly root: string
  readonly params: z.ZodObject<Record<string, z.ZodString>>
  readonly common: Pick<RouteConfig, 'security' | 'tags'>
}

/** The same for the account itself and for the administration, which names an account. */
export const booksAt = (own: string, admin: string): readonly Books[] => [
  { root: own, params: z.object({}), common: { security: apiKeySecurity } },
  {
    root: admin,
    params: z.object({ id: z.string().max(64) }),
    common: { security: adminKeySecurity, tags: ['Administration'] },
  },
]

export const BOOKS = booksAt('/v1/account', '/v1/admin/accounts/{id}')

/** The account of the key that asks, or the one that the administration names. */
export const accountOf = async (api: ApiContext, context: Context<ApiEnv>): Promise<Account> => {
  // The administration's key belongs to no account.
  const id: string = context.get('accountId') ?? context.req.param('id') ?? ''
  const account = await getAccount(api.table, id)
  if (account === undefined) throw new ProblemError('not_found', `There is no account ${id}.`)
  return account
}

export const formatQuery = {
  format: z.enum(['json', 'csv']).default('json').openapi({ description: '`csv` is for spreadsheets' }),
}

export const jsonOrCsv = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema }, 'text/csv': { schema: z.string() } },
})

/** What a charge is broken down by, and what it counts: columns of every table about charges. */
export const CHARGE_COLUMNS = [
  'key_id',
  'pack',
  'priority',
  'price_list',
  'price_micro_usd_per_nfe',
  'generations',
  'nfe_used',
] as const

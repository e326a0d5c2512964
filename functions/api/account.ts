/** GET /v1/account: balance and holds of the account whose key asks. */
import { createRoute } from '@hono/zod-openapi'
import { type AccountView, accountSchema } from '../../shared/contract/account.ts'
import { ProblemError } from '../../shared/contract/problem.ts'
import { type Account, getAccount } from '../../shared/stores/accounts.ts'
import type { ApiContext } from './context.ts'
import { type Api, apiKeySecurity, json, problems } from './route.ts'

export const viewAccount = (account: Account): AccountView => ({
  object: 'account',
  id: account.id,
  name: account.name,
  balance_micro_usd: account.balance_micro_usd,
  held_micro_usd: account.held_micro_usd,
  spent_micro_usd: account.spent_micro_usd,
  credited_micro_usd: account.credited_micro_usd,
  open_generations: Object.keys(account.holds).length,
  balance_alerts_micro_usd: [...account.balance_alerts_micro_usd],
  created_at: new Date(account.created_at).toISOString(),
})

export const addAccount = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'get',
    path: '/v1/account',
    summary: 'Balance, holds and totals of this account',
    security: apiKeySecurity,
    responses: { 200: json(accountSchema, 'The account'), ...problems },
  })
  app.openapi(route, async (context) => {
    const account = await getAccount(api.table, context.get('accountId'))
    if (account === undefined) throw new ProblemError('not_found', 'The account no longer exists.')
    return context.json(viewAccount(account), 200)
  })
}

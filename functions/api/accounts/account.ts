/** GET and PATCH /v1/account: balance and holds of the account whose key asks, and when it is warned. */
import { createRoute } from '@hono/zod-openapi'
import { type AccountView, accountSchema, changeAccountSchema } from '../../../shared/contract/account.ts'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { type Account, changeAccount, getAccount } from '../../../shared/stores/accounts.ts'
import type { ApiContext } from '../context.ts'
import { type Api, apiKeySecurity, json, jsonBody, problems } from '../route.ts'

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
  const get = createRoute({
    method: 'get',
    path: '/v1/account',
    summary: 'Balance, holds and totals of this account',
    security: apiKeySecurity,
    responses: { 200: json(accountSchema, 'The account'), ...problems },
  })
  app.openapi(get, async (context) => {
    const account = await getAccount(api.table, context.get('accountId'))
    if (account === undefined) throw gone()
    return context.json(viewAccount(account), 200)
  })
  const change = createRoute({
    method: 'patch',
    path: '/v1/account',
    summary: 'Change the name of this account, or the amounts at which it is warned',
    description:
      'Each amount of `balance_alerts_micro_usd` is looked at when a generation is settled: an event `account.balance_low` says that balance + held fell below it, once until there is more credit.',
    security: apiKeySecurity,
    request: { body: jsonBody(changeAccountSchema) },
    responses: { 200: json(accountSchema, 'The account as it is now'), ...problems },
  })
  app.openapi(change, async (context) => {
    const changed = await changeAccount(api.table, context.get('accountId'), context.req.valid('json'))
    if (changed === undefined) throw gone()
    return context.json(viewAccount(changed), 200)
  })
}

const gone = () => new ProblemError('not_found', 'The account no longer exists.')

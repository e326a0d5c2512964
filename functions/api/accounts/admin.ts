/** Routes of the administration key for accounts: open, list, change, credit. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  accountSchema,
  changeAccountSchema,
  creditSchema,
  MAX_PAGE,
  newAccountSchema,
} from '../../../shared/contract/account.ts'
import { issuedKeySchema } from '../../../shared/contract/key.ts'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { encodeWebhookSecret } from '../../../shared/domain/webhook-signature.ts'
import { changeAccount, createAccount, getAccount, listAccounts } from '../../../shared/stores/accounts.ts'
import { creditAccount } from '../../../shared/stores/credits.ts'
import type { ApiContext } from '../context.ts'
import { FIRST_KEY, issueKey } from '../keys/issue-key.ts'
import { type Api, adminKeySecurity, json, jsonBody, problems } from '../route.ts'
import { viewAccount } from './account.ts'

const params = z.object({ id: z.string().max(64) })
const common = { security: adminKeySecurity, tags: ['Administration'] }

export const addAdmin = (app: Api, api: ApiContext): void => {
  addCreateAccount(app, api)
  addReadAccounts(app, api)
  addChangeAccount(app, api)
  addCredit(app, api)
}

const addCreateAccount = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    ...common,
    method: 'post',
    path: '/v1/admin/accounts',
    summary: 'Open an account with its first key; secrets are shown here only',
    request: { body: jsonBody(newAccountSchema) },
    responses: {
      201: json(
        issuedKeySchema.omit({ key: true }).extend({ account: accountSchema, webhook_secret: z.string() }),
        'The account',
      ),
      ...problems,
    },
  })
  app.openapi(route, async (context) => {
    const { name, credit_micro_usd: credit } = context.req.valid('json')
    // All from the draw and each write repeatable: the request made again opens the same account, and credits it once.
    const draw = context.get('draw')
    const id = draw.id('acct')
    const webhookSecret = encodeWebhookSecret(draw.bytes(32))
    await createAccount(api.table, { id, name, webhookSecret, at: draw.at })
    if (credit > 0) await creditAccount(api.table, { accountId: id, id: 'opening', microUsd: credit, at: draw.at })
    const account = await existing(api, id)
    const { key: _key, ...issued } = await issueKey(api, { account, request: FIRST_KEY, draw })
    return context.json({ ...issued, account: viewAccount(account), webhook_secret: webhookSecret }, 201)
  })
}

const addReadAccounts = (app: Api, api: ApiContext): void => {
  const list = createRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/accounts',
    summary: 'Accounts, newest first, a page at a time',
    request: {
      query: z.strictObject({
        limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(20),
        cursor: z
          .string()
          .regex(/^acct_[0-9A-Z]{26}$/, 'not the next_cursor of a page')
          .optional(),
      }),
    },
    responses: {
      200: json(
        z.strictObject({
          data: z.array(accountSchema),
          /** null on the last page. */
          next_cursor: z.string().nullable(),
        }),
        'A page of accounts',
      ),
      ...problems,
    },
  })
  app.openapi(list, async (context) => {
    const { limit, cursor } = context.req.valid('query')
    const page = await listAccounts(api.table, { limit, ...(cursor !== undefined && { after: cursor }) })
    return context.json({ data: page.accounts.map(viewAccount), next_cursor: page.next ?? null }, 200)
  })
  const get = createRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/accounts/{id}',
    summary: 'Balance, holds and totals of an account',
    request: { params },
    responses: { 200: json(accountSchema, 'The account'), ...problems },
  })
  app.openapi(get, async (context) =>
    context.json(viewAccount(await existing(api, context.req.valid('param').id)), 200),
  )
}

const addChangeAccount = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    ...common,
    method: 'patch',
    path: '/v1/admin/accounts/{id}',
    summary: 'Change the name of an account, or the amounts at which it is warned',
    request: { params, body: jsonBody(changeAccountSchema) },
    responses: { 200: json(accountSchema, 'The account as it is now'), ...problems },
  })
  app.openapi(route, async (context) => {
    const { id } = context.req.valid('param')
    const changed = await changeAccount(api.table, id, context.req.valid('json'))
    if (changed === undefined) throw noAccount(id)
    return context.json(viewAccount(changed), 200)
  })
}

const addCredit = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    ...common,
    method: 'post',
    path: '/v1/admin/accounts/{id}/credits',
    summary: 'Add credit, once per credit id',
    request: { params, body: jsonBody(creditSchema) },
    responses: { 200: json(accountSchema, 'The account after the credit'), ...problems },
  })
  app.openapi(route, async (context) => {
    const { id: accountId } = context.req.valid('param')
    const { id, micro_usd: microUsd } = context.req.valid('json')
    const outcome = await creditAccount(api.table, { accountId, id, microUsd, at: api.now() })
    if (outcome === 'no account') throw noAccount(accountId)
    if (outcome === 'other amount') {
      const detail = 'a credit with this id and another amount was made before'
      throw new ProblemError('invalid_request', `/id: ${detail}`, { errors: [{ pointer: '/id', detail }] })
    }
    return context.json(viewAccount(await existing(api, accountId)), 200)
  })
}

const existing = async (api: ApiContext, accountId: string) => {
  const account = await getAccount(api.table, accountId)
  if (account === undefined) throw noAccount(accountId)
  return account
}

const noAccount = (accountId: string) => new ProblemError('not_found', `There is no account ${accountId}.`)

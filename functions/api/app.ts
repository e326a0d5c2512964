/** The edge: every route, behind request id, size limit and authentication. */
import { OpenAPIHono } from '@hono/zod-openapi'
import { ulid } from 'ulid'
import { ProblemError } from '../../shared/contract/problem.ts'
import { addGetEvents } from '../events/get-events.ts'
import { addAccount } from './account.ts'
import { addAdmin } from './admin.ts'
import { allowedMethods } from './allowed-methods.ts'
import { authenticateAccount, authenticateAdmin } from './authenticate.ts'
import { addBatches } from './batches.ts'
import { addCancelGeneration } from './cancel-generation.ts'
import type { ApiContext, ApiEnv } from './context.ts'
import { addCreateGeneration } from './create-generation.ts'
import { addDeleteGeneration } from './delete-generation.ts'
import { serveDocument } from './document/serve-document.ts'
import { drawFresh } from './draw.ts'
import { addExtendGeneration } from './extend-generation.ts'
import { addGetGeneration } from './get-generation.ts'
import { addGetOutput } from './get-output.ts'
import { addGetTrace } from './get-trace.ts'
import { idempotent } from './idempotency.ts'
import { addKeys } from './keys.ts'
import { limitBody } from './limit-body.ts'
import { addListGenerations } from './list-generations.ts'
import { addPacks } from './packs.ts'
import { waitForEnd } from './prefer-wait.ts'
import { addPriceLists } from './price-lists.ts'
import { addProblemPages } from './problem-pages.ts'
import { answerProblem, sendProblem } from './problems.ts'
import { addQuotes } from './quotes.ts'
import { limitRate } from './rate-limit.ts'
import { type Api, refuseInvalid } from './route.ts'
import { ACCOUNT_PATHS } from './scopes.ts'
import { addStatements } from './statements.ts'
import { addUsage } from './usage.ts'
import { addWebhooks } from './webhooks.ts'

export const createApi = (api: ApiContext): Api => {
  const app: Api = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid })
  app.onError(answerProblem(api.publicUrl))
  app.use(async (context, next) => {
    context.set('requestId', `req_${ulid(api.now())}`)
    context.set('draw', drawFresh(api))
    await next()
    context.header('x-request-id', context.get('requestId'))
  })
  app.use(limitBody())
  app.get('/healthz', (context) => context.json({ status: 'ok' }))
  app.use('/v1/admin/*', authenticateAdmin(api))
  for (const path of ACCOUNT_PATHS) app.use(path, authenticateAccount(api))
  for (const path of ACCOUNT_PATHS) app.use(path, limitRate(api))
  for (const path of ['/v1/generations', '/v1/generations/:id']) app.use(path, waitForEnd(api))
  app.use('/v1/*', idempotent(api))
  for (const add of [
    addCreateGeneration,
    addGetGeneration,
    addListGenerations,
    addQuotes,
    addBatches,
    addGetOutput,
    addDeleteGeneration,
    addCancelGeneration,
    addExtendGeneration,
    addGetTrace,
    addGetEvents,
    addProblemPages,
    addAccount,
    addStatements,
    addUsage,
    addPacks,
    addPriceLists,
    addKeys,
    addAdmin,
    addWebhooks,
  ])
    add(app, api)
  serveDocument(app, api)
  app.notFound((context) => {
    const { method, path } = context.req
    const allowed = allowedMethods(app, path)
    if (allowed.length === 0)
      return sendProblem(context, api.publicUrl, new ProblemError('not_found', `There is no ${method} ${path}.`))
    const allow = allowed.join(', ')
    const problem = new ProblemError('method_not_allowed', `${path} takes ${allow}, not ${method}.`, {
      headers: { allow },
    })
    return sendProblem(context, api.publicUrl, problem)
  })
  return app
}

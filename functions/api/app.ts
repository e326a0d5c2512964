/** The edge: every route, behind request id, size limit and authentication. */
import { OpenAPIHono } from '@hono/zod-openapi'
import { ProblemError } from '../../shared/contract/problem.ts'
import { addGetEvents } from '../events/get-events.ts'
import { addAccount } from './accounts/account.ts'
import { addAdmin } from './accounts/admin.ts'
import { addStatements } from './accounts/statements.ts'
import { addUsage } from './accounts/usage.ts'
import { addBatches } from './batches/batches.ts'
import type { ApiContext, ApiEnv } from './context.ts'
import { serveDocument } from './document/serve-document.ts'
import { addCancelGeneration } from './generations/cancel-generation.ts'
import { addCreateGeneration } from './generations/create-generation.ts'
import { addDeleteGeneration } from './generations/delete-generation.ts'
import { addExtendGeneration } from './generations/extend-generation.ts'
import { addGetGeneration } from './generations/get-generation.ts'
import { addGetOutput } from './generations/get-output.ts'
import { addGetTrace } from './generations/get-trace.ts'
import { addListGenerations } from './generations/list-generations.ts'
import { addQuotes } from './generations/quotes.ts'
import { allowedMethods } from './http/allowed-methods.ts'
import { authenticateAccount, authenticateAdmin } from './http/authenticate.ts'
import { drawFresh } from './http/draw.ts'
import { idempotent } from './http/idempotency.ts'
import { limitBody } from './http/limit-body.ts'
import { limitDepth } from './http/limit-depth.ts'
import { waitForEnd } from './http/prefer-wait.ts'
import { addProblemPages } from './http/problem-pages.ts'
import { answerProblem, sendProblem } from './http/problems.ts'
import { limitRate } from './http/rate-limit.ts'
import { refuseOddLength } from './http/refuse-odd-length.ts'
import { ACCOUNT_PATHS } from './http/scopes.ts'
import { addKeys } from './keys/keys.ts'
import { addPacks } from './packs/packs.ts'
import { addPriceLists } from './packs/price-lists.ts'
import { type Api, refuseInvalid } from './route.ts'
import { addCreateShare } from './shares/create-share.ts'
import { addGetShared } from './shares/get-shared.ts'
import { addWebhooks } from './webhooks/webhooks.ts'

export const createApi = (api: ApiContext): Api => {
  const app: Api = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid })
  app.onError(answerProblem(api.publicUrl))
  app.use(async (context, next) => {
    const draw = drawFresh(api)
    context.set('requestId', draw.id('req'))
    context.set('draw', draw)
    await next()
    context.header('x-request-id', context.get('requestId'))
  })
  app.use(limitBody())
  app.get('/healthz', (context) => context.json({ status: 'ok' }))
  app.use('/v1/admin/*', authenticateAdmin(api))
  for (const path of ACCOUNT_PATHS) app.use(path, authenticateAccount(api))
  for (const path of ACCOUNT_PATHS) app.use(path, limitRate(api))
  for (const path of ['/v1/generations', '/v1/generations/:id', '/v1/generations/:id/extend'])
    app.use(path, waitForEnd(api))
  app.use('/v1/*', limitDepth())
  app.use('/v1/*', idempotent(api))
  app.use('/v1/*', refuseOddLength())
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
    addCreateShare,
    addGetShared,
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

/** The events route alone, behind the same authentication as at the edge: what the streaming function serves. */
import { OpenAPIHono } from '@hono/zod-openapi'
import type { ApiContext, ApiEnv } from '../api/context.ts'
import { authenticateAccount } from '../api/http/authenticate.ts'
import { drawFresh } from '../api/http/draw.ts'
import { answerProblem } from '../api/http/problems.ts'
import { type Api, refuseInvalid } from '../api/route.ts'
import { addGetEvents } from './get-events.ts'
import { EVENT_TIMING } from './stream-events.ts'

export const createEventsApp = (api: ApiContext, timing = EVENT_TIMING): Api => {
  const app: Api = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid })
  app.onError(answerProblem(api.publicUrl))
  app.use(async (context, next) => {
    context.set('requestId', drawFresh(api).id('req'))
    await next()
    context.header('x-request-id', context.get('requestId'))
  })
  app.use('/v1/generations/*', authenticateAccount(api))
  addGetEvents(app, api, timing)
  return app
}

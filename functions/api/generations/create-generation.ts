/** POST /v1/generations: the route. What it does stands in accept-generation.ts, what it refuses in check-request.ts. */
import { createRoute } from '@hono/zod-openapi'
import { generationRequestSchema, generationSchema } from '../../../shared/contract/generation.ts'
import type { ApiContext } from '../context.ts'
import { type Api, apiKeySecurity, json, jsonBody, problems } from '../route.ts'
import { acceptGeneration } from './accept-generation.ts'
import { viewGeneration } from './view-generation.ts'

export const addCreateGeneration = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'post',
    path: '/v1/generations',
    summary: 'Search for the image that scores best within a budget of NFEs',
    security: apiKeySecurity,
    request: { body: jsonBody(generationRequestSchema(api.webhooks)) },
    responses: {
      202: json(generationSchema, 'Accepted: the budget is held and the search queued'),
      200: json(generationSchema, 'With `Prefer: wait`: accepted, and ended within that time'),
      ...problems,
    },
  })
  app.openapi(route, async (context) => {
    const by = { accountId: context.get('accountId'), key: context.get('key'), draw: context.get('draw') }
    const accepted = await acceptGeneration(api, by, context.req.valid('json'))
    return context.json(await viewGeneration(api, accepted), 202, { location: `/v1/generations/${accepted.id}` })
  })
}

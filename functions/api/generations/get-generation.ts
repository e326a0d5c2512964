/** GET /v1/generations/{id}: how it stands, and fresh links to what it made. */
import { createRoute, z } from '@hono/zod-openapi'
import { generationSchema } from '../../../shared/contract/generation.ts'
import type { ApiContext } from '../context.ts'
import { type Api, apiKeySecurity, json, problems } from '../route.ts'
import { findGeneration } from './find-generation.ts'
import { viewGeneration } from './view-generation.ts'

export const addGetGeneration = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'get',
    path: '/v1/generations/{id}',
    summary: 'A generation of this account',
    security: apiKeySecurity,
    request: { params: z.object({ id: z.string().max(64) }) },
    responses: { 200: json(generationSchema, 'The generation'), ...problems },
  })
  app.openapi(route, async (context) => {
    const { id } = context.req.valid('param')
    const item = await findGeneration(api, context.get('accountId'), id)
    return context.json(await viewGeneration(api, item), 200)
  })
}

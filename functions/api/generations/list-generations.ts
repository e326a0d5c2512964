/** GET /v1/generations: the account's generations, newest first. */
import { createRoute, z } from '@hono/zod-openapi'
import { GENERATION_STATUSES, generationSchema } from '../../../shared/contract/generation.ts'
import { requestTimeSchema } from '../../../shared/contract/time.ts'
import { listGenerations } from '../../../shared/stores/list-generations.ts'
import type { ApiContext } from '../context.ts'
import { fromCursor, pageQuery, pageSchema, toCursor } from '../http/page.ts'
import { type Api, apiKeySecurity, json, problems } from '../route.ts'
import { viewGeneration } from './view-generation.ts'

const query = z.strictObject({
  ...pageQuery,
  status: z.enum(GENERATION_STATUSES).optional(),
  pack: z.string().max(64).optional(),
  batch: z.string().max(64).optional().openapi({ description: 'Id of the batch they belong to' }),
  created_from: requestTimeSchema.optional().openapi({ description: 'Inclusive' }),
  created_before: requestTimeSchema.optional().openapi({ description: 'Exclusive' }),
})

export const addListGenerations = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'get',
    path: '/v1/generations',
    summary: 'The generations of this account, newest first',
    description:
      'A page may be shorter than `limit`, even empty, and not the last: only `next_cursor: null` is the end.',
    security: apiKeySecurity,
    request: { query },
    responses: { 200: json(pageSchema(generationSchema), 'A page of generations'), ...problems },
  })
  app.openapi(route, async (context) => {
    const asked = context.req.valid('query')
    const after = fromCursor(asked.cursor, 'gen')
    const { items, next } = await listGenerations(api.table, {
      accountId: context.get('accountId'),
      limit: asked.limit,
      now: api.now(),
      ...(after !== undefined && { after }),
      ...(asked.status !== undefined && { status: asked.status }),
      ...(asked.pack !== undefined && { pack: asked.pack }),
      ...(asked.batch !== undefined && { batchId: asked.batch }),
      ...(asked.created_from !== undefined && { createdFrom: Date.parse(asked.created_from) }),
      ...(asked.created_before !== undefined && { createdBefore: Date.parse(asked.created_before) }),
    })
    const data = await Promise.all(items.map((item) => viewGeneration(api, item)))
    return context.json({ object: 'list' as const, data, next_cursor: toCursor(next) }, 200)
  })
}

/** DELETE /v1/generations/{id}: images, trace and prompt go at once, before their retention ends. */
import { createRoute, z } from '@hono/zod-openapi'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { completeGeneration } from '../../../shared/stores/complete-generation.ts'
import { deleteGeneration } from '../../../shared/stores/delete-generation.ts'
import { isTerminal } from '../../../shared/stores/generations.ts'
import type { ApiContext } from '../context.ts'
import { type Api, apiKeySecurity, problems } from '../route.ts'
import { findGeneration } from './find-generation.ts'

export const addDeleteGeneration = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'delete',
    path: '/v1/generations/{id}',
    summary: 'Delete an ended generation; what was charged stays on the books',
    description: 'One that is still open is refused with 409: cancel it first.',
    security: apiKeySecurity,
    request: { params: z.object({ id: z.string().max(64) }) },
    responses: { 204: { description: 'It is gone' }, ...problems },
  })
  app.openapi(route, async (context) => {
    const { id } = context.req.valid('param')
    const accountId = context.get('accountId')
    const named = { accountId, generationId: id }
    const item = await findGeneration(api, accountId, id)
    if (!isTerminal(item.status)) throw notEnded(id)
    if (await deleteGeneration(api, named)) return context.body(null, 204)
    // It ended a moment ago, and is not settled or announced: both are made from what is about to go.
    await completeGeneration(api, item)
    if (await deleteGeneration(api, named)) return context.body(null, 204)
    throw notEnded(id)
  })
}

const notEnded = (id: string) => new ProblemError('not_ended', `The generation ${id} is still open. Cancel it first.`)

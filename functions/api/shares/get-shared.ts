/** GET /v1/shared/{token}: what a shared link shows. The token is all that is asked for. */
import { createRoute, z } from '@hono/zod-openapi'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { sharedSchema } from '../../../shared/contract/share.ts'
import { hasExpired } from '../../../shared/domain/retention.ts'
import { MAX_TOKEN_LENGTH, openShare } from '../../../shared/domain/share-token.ts'
import { getGeneration } from '../../../shared/stores/generations.ts'
import type { ApiContext } from '../context.ts'
import { type Api, json, problems } from '../route.ts'
import { viewShared } from './view-shared.ts'

export const addGetShared = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'get',
    path: '/v1/shared/{token}',
    summary: 'What a shared link shows',
    description:
      'Needs no key. Links to images and traces are made for this answer and end with the share at the latest.',
    tags: ['Generations'],
    operationId: 'getShared',
    security: [],
    request: { params: z.object({ token: z.string().min(1).max(MAX_TOKEN_LENGTH) }) },
    responses: { 200: json(sharedSchema, 'The generations'), ...problems },
  })
  app.openapi(route, async (context) => {
    const share = openShare(context.req.valid('param').token, api.keyPepper)
    if (share === undefined)
      throw new ProblemError('invalid_share', 'This link is not one of ours, or a part of it was lost on the way.')
    const until = new Date(share.expires_at).toISOString()
    if (share.expires_at <= api.now())
      throw new ProblemError('share_expired', `This link showed something until ${until}.`)
    const items = await Promise.all(
      share.generation_ids.map((generationId) =>
        getGeneration(api.table, { accountId: share.account_id, generationId }),
      ),
    )
    const there = items.filter((item) => item !== undefined && !hasExpired(item, api.now()))
    if (there.length === 0) throw new ProblemError('share_expired', 'What this link showed has been deleted.')
    const generations = await Promise.all(
      there.flatMap((item) => (item ? viewShared(api, item, share.expires_at) : [])),
    )
    context.header('cache-control', 'no-store')
    // A prompt is somebody's words: no search engine should show them as ours.
    context.header('x-robots-tag', 'noindex')
    return context.json({ object: 'shared' as const, expires_at: until, generations }, 200)
  })
}

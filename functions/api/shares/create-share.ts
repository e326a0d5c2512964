/** POST /v1/shares: a link that shows ended generations without a key, until it expires. */
import { createRoute } from '@hono/zod-openapi'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { shareRequestSchema, shareSchema } from '../../../shared/contract/share.ts'
import { sealShare } from '../../../shared/domain/share-token.ts'
import { isTerminal } from '../../../shared/stores/generations.ts'
import type { ApiContext } from '../context.ts'
import { findGeneration } from '../generations/find-generation.ts'
import { type Api, apiKeySecurity, json, jsonBody, problems } from '../route.ts'

export const addCreateShare = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'post',
    path: '/v1/shares',
    summary: 'A link that shows generations to whoever has it',
    description:
      'Read-only, signed, and without a key: it shows prompt, search, images, trace and NFEs, and nothing of the account. It cannot be taken back, only expire; a deleted generation is gone from it at once.',
    security: apiKeySecurity,
    request: { body: jsonBody(shareRequestSchema) },
    responses: { 201: json(shareSchema, 'The link'), ...problems },
  })
  app.openapi(route, async (context) => {
    const { generations, expires_in_seconds } = context.req.valid('json')
    const accountId = context.get('accountId')
    for (const id of generations) {
      const { status } = await findGeneration(api, accountId, id)
      if (!isTerminal(status)) throw new ProblemError('not_ended', `The generation ${id} is still open.`)
    }
    const draw = context.get('draw')
    const expires_at = draw.at + expires_in_seconds * 1000
    const share = { account_id: accountId, generation_ids: generations, expires_at }
    const token = sealShare(share, { pepper: api.keyPepper, nonce: draw.bytes(12) })
    const url = `${api.publicUrl}/#/shared/${token}`
    const until = new Date(expires_at).toISOString()
    return context.json({ object: 'share' as const, url, token, generations, expires_at: until }, 201)
  })
}

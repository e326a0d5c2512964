/** GET /v1/generations/{id}/trace: a redirect to every evaluation of the search, as JSON Lines. */
import { createRoute, z } from '@hono/zod-openapi'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { isTerminal } from '../../../shared/stores/generations.ts'
import { presignOutput } from '../../../shared/stores/outputs.ts'
import type { ApiContext } from '../context.ts'
import { type Api, apiKeySecurity, problems } from '../route.ts'
import { findGeneration } from './find-generation.ts'

export const addGetTrace = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'get',
    path: '/v1/generations/{id}/trace',
    summary: 'The trace of an ended search: one evaluated candidate a line',
    description:
      'JSON Lines. The SHA-256 of the file is `usage.receipt_sha256`, and the `nfe` of its last line is `usage.nfe_used`. The same request and seed give the same file.',
    security: apiKeySecurity,
    request: { params: z.object({ id: z.string().max(64) }) },
    responses: {
      302: {
        description: 'Where the trace is, for an hour',
        headers: z.object({ location: z.url().openapi({ description: 'A presigned link to the file' }) }),
      },
      ...problems,
    },
  })
  app.openapi(route, async (context) => {
    const { id } = context.req.valid('param')
    const item = await findGeneration(api, context.get('accountId'), id)
    if (!isTerminal(item.status)) throw new ProblemError('not_found', 'The trace is there once the search has ended.')
    if (item.trace === undefined) throw new ProblemError('not_found', 'Nothing was evaluated, so there is no trace.')
    return context.redirect(await presignOutput(api.bucket, item.trace.key), 302)
  })
}

/** GET /v1/generations/{id}/outputs/{n}: the stable link to an image. */
import { createRoute, z } from '@hono/zod-openapi'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { presignOutput } from '../../../shared/stores/outputs.ts'
import type { ApiContext } from '../context.ts'
import { type Api, apiKeySecurity, problems } from '../route.ts'
import { findGeneration } from './find-generation.ts'

const params = z.object({
  id: z.string().max(64),
  // Not coerced: the document would call it nullable.
  n: z
    .string()
    .regex(/^\d{1,3}$/, 'a number from 0 to 999')
    .openapi({ type: 'integer', minimum: 0, maximum: 999, description: 'Place in `outputs`, from 0' })
    .transform(Number),
})

export const addGetOutput = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'get',
    path: '/v1/generations/{id}/outputs/{n}',
    summary: 'An image: redirects to a link that reads it for an hour',
    security: apiKeySecurity,
    request: { params },
    responses: {
      302: {
        description: 'Where the image is; the link needs no key, and works for an hour',
        headers: z.object({ location: z.url() }),
      },
      ...problems,
    },
  })
  app.openapi(route, async (context) => {
    const { id, n } = context.req.valid('param')
    const item = await findGeneration(api, context.get('accountId'), id)
    const output = item.outputs?.[n]
    if (output === undefined) throw new ProblemError('not_found', `The generation ${id} has no output ${n}.`)
    // Each answer holds a link of its own, which a cache must not give to anybody else or for any longer.
    context.header('cache-control', 'no-store')
    return context.redirect(await presignOutput(api.bucket, output.key), 302)
  })
}

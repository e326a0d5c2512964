/** How large a body may be, by route. */
import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import { MAX_BATCH_BYTES } from '../../../shared/contract/batch.ts'
import { ProblemError } from '../../../shared/contract/problem.ts'
import type { ApiEnv } from '../context.ts'

const MAX_BODY_BYTES = 64 * 1024

const limitTo = (maxSize: number) =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw new ProblemError('payload_too_large', `The body may have at most ${maxSize} bytes.`)
    },
  })

export const limitBody = () => {
  const [usual, batches] = [limitTo(MAX_BODY_BYTES), limitTo(MAX_BATCH_BYTES)]
  return createMiddleware<ApiEnv>((context, next) =>
    (context.req.path === '/v1/batches' ? batches : usual)(context, next),
  )
}

/** How deeply a body may be nested, whatever its route and type: refused before anything parses it. */
import { createMiddleware } from 'hono/factory'
import { jsonDepth } from '../../../shared/domain/json-depth.ts'
import type { ApiEnv } from '../context.ts'
import { refuseFields } from '../generations/check-request.ts'

/** The deepest request that means anything, a composite reward with the objects of each part, has six. */
const MAX_DEPTH = 16

export const limitDepth = () =>
  createMiddleware<ApiEnv>(async ({ req }, next) => {
    if (jsonDepth(await req.text()) > MAX_DEPTH)
      throw refuseFields([{ pointer: '', detail: `nested deeper than ${MAX_DEPTH} levels` }])
    await next()
  })

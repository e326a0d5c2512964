/**
 * The rate of requests that change something, per account: RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-
 * headers-11) on each, 429 with Retry-After beyond it. Money and NFEs are never refused here: those are 402.
 */
import { createMiddleware } from 'hono/factory'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { countRequest, WINDOW_SECONDS } from '../../../shared/stores/request-window.ts'
import type { ApiContext, ApiEnv } from '../context.ts'

const POLICY = '"writes"'
const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Behind the account's authentication. Reads are not counted: each would cost a write. */
export const limitRate = (api: ApiContext) =>
  createMiddleware<ApiEnv>(async (context, next) => {
    if (READS.has(context.req.method)) return next()
    const limit = api.writesPerMinute
    const counted = await countRequest(api.table, { accountId: context.get('accountId'), limit, now: api.now() })
    const headers = {
      'ratelimit-policy': `${POLICY};q=${limit};w=${WINDOW_SECONDS}`,
      ratelimit: `${POLICY};r=${counted.left};t=${counted.resetSeconds}`,
    }
    if (!counted.counted)
      throw new ProblemError(
        'rate_limited',
        `This account may make ${limit} requests a minute that change something. Wait ${counted.resetSeconds} s.`,
        { headers: { ...headers, 'retry-after': String(counted.resetSeconds) } },
      )
    await next()
    for (const [name, value] of Object.entries(headers)) context.header(name, value)
  })

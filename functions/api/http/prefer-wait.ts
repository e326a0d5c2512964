/**
 * `Prefer: wait=n` on a generation: the answer comes when it has ended, or after n seconds as it then stands. It lies around
 * the idempotent part, so a create that waits is accepted and kept like any other, and one that is replayed waits again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createMiddleware } from 'hono/factory'
import { preferredWait } from '../../../shared/domain/prefer.ts'
import { type GenerationItem, getGeneration, isTerminal } from '../../../shared/stores/generations.ts'
import type { ApiContext, ApiEnv } from '../context.ts'
import { viewGeneration } from '../generations/view-generation.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 1000
const PAUSE_GROWTH = 1.3

/** For the routes that create and show one generation. A refusal passes at once. */
export const waitForEnd = (api: ApiContext) =>
  createMiddleware<ApiEnv>(async (context, next) => {
    const seconds = preferredWait(context.req.header('prefer'), api.maxWaitSeconds)
    await next()
    const { res } = context
    const creates = context.req.method === 'POST'
    if (seconds === undefined || res.status !== (creates ? 202 : 200)) return
    const path = creates ? (res.headers.get('location') ?? '') : context.req.path
    const named = { accountId: context.get('accountId'), generationId: path.split('/').at(-1) ?? '' }
    const item = await pollUntilEnded(
      api,
      named,
      AbortSignal.any([context.req.raw.signal, AbortSignal.timeout(seconds * 1000)]),
    )
    const headers = new Headers(res.headers)
    headers.set('preference-applied', `wait=${seconds}`)
    headers.append('vary', 'Prefer')
    const body = item === undefined ? await res.text() : JSON.stringify(await viewGeneration(api, item))
    const status = item !== undefined && isTerminal(item.status) ? 200 : res.status
    context.res = undefined
    context.res = new Response(body, { status, headers })
  })

/** Undefined when it was deleted meanwhile. */
const pollUntilEnded = async (
  api: ApiContext,
  named: { accountId: string; generationId: string },
  late: AbortSignal,
): Promise<GenerationItem | undefined> => {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * PAUSE_GROWTH)) {
    const item = await getGeneration(api.table, named)
    if (item === undefined || isTerminal(item.status) || late.aborted) return item
    await sleep(pause, undefined, { signal: late }).catch(() => undefined)
  }
}

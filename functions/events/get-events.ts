/** GET /v1/generations/{id}/events: a search, live, as server-sent events. */
import { createRoute, z } from '@hono/zod-openapi'
import { streamSSE } from 'hono/streaming'
import { END_EVENT_ID, lastEventIdSchema } from '../../shared/contract/live-event.ts'
import type { ApiContext } from '../api/context.ts'
import { findGeneration } from '../api/generations/find-generation.ts'
import { type Api, apiKeySecurity, problems } from '../api/route.ts'
import { EVENT_TIMING, streamEvents } from './stream-events.ts'

/** One event of the stream, as a reader of server-sent events sees it. */
const eventSchema = z.object({
  event: z.enum(['status', 'progress', 'ended']),
  data: z.string().openapi({ description: 'JSON, by the type of the event' }),
  id: z.string().optional().openapi({ description: 'Of `progress` and `ended`: what Last-Event-ID takes' }),
})

export const addGetEvents = (app: Api, api: ApiContext, timing = EVENT_TIMING): void => {
  const route = createRoute({
    method: 'get',
    path: '/v1/generations/{id}/events',
    summary: 'Watch a search live',
    description:
      'Server-sent events: `status`, `progress` and, at last, `ended`. A connection lasts a minute at most; come back with the id of the last event in `Last-Event-ID` and nothing is missed or sent twice. After `ended` the answer is 204. Events are kept for a day.',
    security: apiKeySecurity,
    request: {
      params: z.object({ id: z.string().max(64) }),
      headers: z.object({
        'last-event-id': lastEventIdSchema.optional().openapi({ description: 'Go on after this event' }),
      }),
    },
    responses: {
      200: { description: 'Events', content: { 'text/event-stream': { schema: eventSchema } } },
      204: { description: 'Nothing comes after the event you named' },
      ...problems,
    },
  })
  app.openapi(route, async (context) => {
    const { id: generationId } = context.req.valid('param')
    const after = context.req.valid('header')['last-event-id']
    const named = { accountId: context.get('accountId'), generationId }
    await findGeneration(api, named.accountId, generationId)
    if (after === END_EVENT_ID) return context.body(null, 204)
    context.header('x-accel-buffering', 'no')
    const { table, publicUrl, now } = api
    const response = streamSSE(context, (sink) => streamEvents({ table, publicUrl, now, timing, named, after }, sink))
    // Matters of one connection, which each server on the way settles itself; a function's answer must not carry them.
    for (const name of ['connection', 'transfer-encoding']) response.headers.delete(name)
    return response
  })
}

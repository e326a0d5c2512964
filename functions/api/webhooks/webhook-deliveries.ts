/** /v1/webhook-deliveries: the log of what was sent, and sending it again. */
import { createRoute, z } from '@hono/zod-openapi'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { deliveryFilterSchema, deliverySchema, deliveryWithBodySchema } from '../../../shared/contract/webhook.ts'
import { type Delivery, getDelivery } from '../../../shared/stores/deliveries.ts'
import { listDeliveries } from '../../../shared/stores/delivery-log.ts'
import { getEndpoint } from '../../../shared/stores/webhook-endpoints.ts'
import type { ApiContext } from '../context.ts'
import { refuseFields } from '../generations/check-request.ts'
import { pageQuery, pageSchema, toCursor } from '../http/page.ts'
import { type Api, apiKeySecurity, json, problems } from '../route.ts'
import { viewDelivery } from './view-webhook.ts'
import { refuseDisabled, sendAgain } from './webhook-endpoint-acts.ts'

const deliveryParams = z.object({ id: z.string().max(200) })
const DELIVERY_ID = /^[A-Za-z0-9_-]{1,200}$/

export const addWebhookDeliveries = (app: Api, api: ApiContext): void => {
  addList(app, api)
  addGet(app, api)
  addReplay(app, api)
}

const addList = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'get',
    path: '/v1/webhook-deliveries',
    summary: 'Deliveries of this account, newest event first; a page may be short and not the last',
    security: apiKeySecurity,
    tags: ['Webhooks'],
    request: { query: deliveryFilterSchema.extend(pageQuery) },
    responses: { 200: json(pageSchema(deliverySchema), 'A page of the log'), ...problems },
  })
  app.openapi(route, async (context) => {
    const { endpoint_id, event_id, event_type, state, limit, cursor } = context.req.valid('query')
    const { deliveries, after } = await listDeliveries(api.table, {
      accountId: context.get('accountId'),
      limit,
      ...(cursor !== undefined && { after: readCursor(cursor, event_id) }),
      filter: {
        ...(endpoint_id !== undefined && { endpointId: endpoint_id }),
        ...(event_id !== undefined && { eventId: event_id }),
        ...(event_type !== undefined && { eventType: event_type }),
        ...(state !== undefined && { states: [state] }),
      },
    })
    const data = deliveries.map(viewDelivery)
    return context.json({ object: 'list' as const, data, next_cursor: toCursor(after) }, 200)
  })
}

const addGet = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'get',
    path: '/v1/webhook-deliveries/{id}',
    summary: 'A delivery with its body and every attempt',
    security: apiKeySecurity,
    tags: ['Webhooks'],
    request: { params: deliveryParams },
    responses: { 200: json(deliveryWithBodySchema, 'The delivery'), ...problems },
  })
  app.openapi(route, async (context) => {
    const delivery = await existingDelivery(api, context.get('accountId'), context.req.valid('param').id)
    return context.json({ ...viewDelivery(delivery), body: delivery.body }, 200)
  })
}

const addReplay = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'post',
    path: '/v1/webhook-deliveries/{id}/replay',
    summary: 'Send a delivery again now, with the same webhook-id and body, in a new series of attempts',
    security: apiKeySecurity,
    tags: ['Webhooks'],
    request: { params: deliveryParams },
    responses: { 202: json(deliverySchema, 'The delivery, due now'), ...problems },
  })
  app.openapi(route, async (context) => {
    const accountId = context.get('accountId')
    const { id, endpoint_id: endpointId } = await existingDelivery(api, accountId, context.req.valid('param').id)
    if (endpointId !== undefined) {
      const endpoint = await getEndpoint(api.table, { accountId, endpointId })
      if (endpoint === undefined) throw new ProblemError('endpoint_disabled', `The endpoint ${endpointId} was deleted.`)
      refuseDisabled(endpoint)
    }
    const outcome = await sendAgain(api, { accountId, deliveryId: id, now: api.now() })
    if (outcome.kind === 'unknown') throw noDelivery(id)
    if (outcome.kind === 'in progress')
      throw new ProblemError('delivery_in_progress', 'An attempt is under way at this moment; look again in a minute.')
    return context.json(viewDelivery(outcome.delivery), 202)
  })
}

const existingDelivery = async (api: ApiContext, accountId: string, id: string): Promise<Delivery> => {
  const delivery = await getDelivery(api.table, { accountId, deliveryId: id })
  if (delivery === undefined) throw noDelivery(id)
  return delivery
}

const noDelivery = (id: string): ProblemError => new ProblemError('not_found', `This account has no delivery ${id}.`)

/** A cursor names a delivery of the asking account: whatever else is written into it finds nothing of another's. */
const readCursor = (cursor: string, eventId = ''): string => {
  const id = Buffer.from(cursor, 'base64url').toString('latin1')
  if (DELIVERY_ID.test(id) && id.startsWith(eventId) && toCursor(id) === cursor) return id
  throw refuseFields([{ pointer: '/cursor', detail: 'not a next_cursor of this list' }])
}

/** What can be done with a webhook endpoint beside changing it: new keys, a test event, sending again what it missed. */
import { createRoute } from '@hono/zod-openapi'
import { ProblemError } from '../../../shared/contract/problem.ts'
import {
  deliverySchema,
  endpointWithSecretSchema,
  recoveredSchema,
  recoverySchema,
  rotationSchema,
} from '../../../shared/contract/webhook.ts'
import { announceTest } from '../../../shared/stores/announce-event.ts'
import { getDelivery } from '../../../shared/stores/deliveries.ts'
import { listDeliveries, replayDelivery } from '../../../shared/stores/delivery-log.ts'
import { rotateKeys } from '../../../shared/stores/endpoint-keys.ts'
import { sendDeliveryMessage } from '../../../shared/stores/queues.ts'
import type { WebhookEndpoint } from '../../../shared/stores/webhook-endpoints.ts'
import type { ApiContext } from '../context.ts'
import { type Api, apiKeySecurity, json, jsonBody, problems } from '../route.ts'
import { viewDelivery, viewEndpoint } from './view-webhook.ts'
import { drawKeys, endpointParams, existingEndpoint, noEndpoint } from './webhook-endpoints.ts'

/** Deliveries one call of recover sends again. */
const RECOVERY_BATCH = 100

export const addWebhookEndpointActs = (app: Api, api: ApiContext): void => {
  addRotate(app, api)
  addTest(app, api)
  addRecover(app, api)
}

const addRotate = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'post',
    path: '/v1/webhook-endpoints/{id}/rotate',
    summary: 'New secret and key pair; the former ones sign beside them for an overlap',
    security: apiKeySecurity,
    tags: ['Webhooks'],
    request: { params: endpointParams, body: { ...jsonBody(rotationSchema), required: false } },
    responses: { 200: json(endpointWithSecretSchema, 'The endpoint and its new secret, shown here only'), ...problems },
  })
  app.openapi(route, async (context) => {
    const { id } = context.req.valid('param')
    // Without a body nothing was parsed and no default filled in.
    const { overlap_seconds: overlap } = rotationSchema.parse(context.req.valid('json') ?? {})
    const draw = context.get('draw')
    const keys = drawKeys(draw)
    const endpoint = await rotateKeys(api.table, {
      accountId: context.get('accountId'),
      endpointId: id,
      keys,
      overlapUntil: draw.at + overlap * 1000,
      now: draw.at,
    })
    if (endpoint === undefined) throw noEndpoint(id)
    return context.json({ ...viewEndpoint(endpoint, api.now()), secret: keys.secret }, 200)
  })
}

const addTest = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'post',
    path: '/v1/webhook-endpoints/{id}/test',
    summary: 'Send a webhook_endpoint.test event, in one attempt; what it met is in the delivery',
    security: apiKeySecurity,
    tags: ['Webhooks'],
    request: { params: endpointParams },
    responses: { 202: json(deliverySchema, 'The delivery that was begun'), ...problems },
  })
  app.openapi(route, async (context) => {
    const accountId = context.get('accountId')
    const endpoint = await existingEndpoint(api, accountId, context.req.valid('param').id)
    refuseDisabled(endpoint)
    const draw = context.get('draw')
    const deliveryId = await announceTest(api, endpoint, {
      accountId,
      eventId: draw.id('evt'),
      type: 'webhook_endpoint.test',
      timestamp: draw.at,
      data: { id: endpoint.id, links: { self: `${api.publicUrl}/v1/webhook-endpoints/${endpoint.id}` } },
    })
    const delivery = await getDelivery(api.table, { accountId, deliveryId })
    if (delivery === undefined) throw new Error(`the test delivery ${deliveryId} was not written`)
    return context.json(viewDelivery(delivery), 202, { location: `/v1/webhook-deliveries/${deliveryId}` })
  })
}

const addRecover = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'post',
    path: '/v1/webhook-endpoints/{id}/recover',
    summary: 'Send again what did not arrive since a time',
    security: apiKeySecurity,
    tags: ['Webhooks'],
    request: { params: endpointParams, body: jsonBody(recoverySchema) },
    responses: { 202: json(recoveredSchema, 'How many deliveries are due again'), ...problems },
  })
  app.openapi(route, async (context) => {
    const accountId = context.get('accountId')
    const endpoint = await existingEndpoint(api, accountId, context.req.valid('param').id)
    refuseDisabled(endpoint)
    const { deliveries, after } = await listDeliveries(api.table, {
      accountId,
      limit: RECOVERY_BATCH,
      filter: {
        endpointId: endpoint.id,
        states: ['undelivered', 'disabled'],
        since: Date.parse(context.req.valid('json').since),
      },
    })
    const outcomes = await Promise.all(
      deliveries.map(({ id }) => sendAgain(api, { accountId, deliveryId: id, now: api.now() })),
    )
    const replayed = outcomes.filter(({ kind }) => kind === 'replayed').length
    return context.json({ object: 'webhook_recovery' as const, replayed, has_more: after !== undefined }, 202)
  })
}

/** Makes a delivery due and wakes a worker; a lost message is made up for by the due index. */
export const sendAgain = async (api: ApiContext, named: { accountId: string; deliveryId: string; now: number }) => {
  const outcome = await replayDelivery(api.table, named)
  if (outcome.kind === 'replayed')
    await sendDeliveryMessage(api.queues, { account_id: named.accountId, delivery_id: named.deliveryId })
  return outcome
}

export const refuseDisabled = ({ id, disabled }: WebhookEndpoint): void => {
  if (disabled === undefined) return
  throw new ProblemError('endpoint_disabled', `Nothing is sent to ${id} while it is off. Enable it first.`)
}

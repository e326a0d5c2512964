/** /v1/webhook-endpoints: where an account's events go. */
import { createRoute, z } from '@hono/zod-openapi'
import { ProblemError } from '../../../shared/contract/problem.ts'
import {
  endpointChangeSchema,
  endpointListSchema,
  endpointSchema,
  endpointWithSecretSchema,
  MAX_ENDPOINTS,
  newEndpointSchema,
} from '../../../shared/contract/webhook.ts'
import { encodeWebhookKeyPair } from '../../../shared/domain/webhook-key-pair.ts'
import { encodeWebhookSecret } from '../../../shared/domain/webhook-signature.ts'
import {
  changeEndpoint,
  deleteEndpoint,
  type EndpointChange,
  getEndpoint,
  listEndpoints,
  putEndpoint,
  type SigningKeys,
  type WebhookEndpoint,
} from '../../../shared/stores/webhook-endpoints.ts'
import type { ApiContext } from '../context.ts'
import type { Draw } from '../http/draw.ts'
import { type Api, apiKeySecurity, json, jsonBody, problems } from '../route.ts'
import { viewEndpoint } from './view-webhook.ts'

const SECRET_BYTES = 32
const SEED_BYTES = 32

export const endpointParams = z.object({ id: z.string().max(64) })

export const addWebhookEndpoints = (app: Api, api: ApiContext): void => {
  addCreate(app, api)
  addRead(app, api)
  addChange(app, api)
  addDelete(app, api)
}

const addCreate = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'post',
    path: '/v1/webhook-endpoints',
    summary: 'Send events to an address; the secret is shown here only',
    security: apiKeySecurity,
    tags: ['Webhooks'],
    request: { body: jsonBody(newEndpointSchema(api.webhooks)) },
    responses: { 201: json(endpointWithSecretSchema, 'The endpoint and its secret'), ...problems },
  })
  app.openapi(route, async (context) => {
    const draw = context.get('draw')
    const accountId = context.get('accountId')
    const keys = drawKeys(draw)
    const endpoint: WebhookEndpoint = {
      ...context.req.valid('json'),
      id: draw.id('we'),
      account_id: accountId,
      keys: [keys],
      created_at: draw.at,
    }
    // Read before written: requests at the same moment may pass the limit by their number, which harms nobody.
    const others = (await listEndpoints(api.table, accountId)).filter(({ id }) => id !== endpoint.id)
    if (others.length >= MAX_ENDPOINTS)
      throw new ProblemError('too_many_endpoints', `An account has at most ${MAX_ENDPOINTS} webhook endpoints.`)
    await putEndpoint(api.table, endpoint)
    const location = `/v1/webhook-endpoints/${endpoint.id}`
    return context.json({ ...viewEndpoint(endpoint, api.now()), secret: keys.secret }, 201, { location })
  })
}

const addRead = (app: Api, api: ApiContext): void => {
  const list = createRoute({
    method: 'get',
    path: '/v1/webhook-endpoints',
    summary: 'Every webhook endpoint of this account, oldest first',
    security: apiKeySecurity,
    tags: ['Webhooks'],
    responses: { 200: json(endpointListSchema, 'The endpoints'), ...problems },
  })
  app.openapi(list, async (context) => {
    const endpoints = await listEndpoints(api.table, context.get('accountId'))
    const data = endpoints.map((endpoint) => viewEndpoint(endpoint, api.now()))
    return context.json({ object: 'list' as const, data }, 200)
  })
  const get = createRoute({
    method: 'get',
    path: '/v1/webhook-endpoints/{id}',
    summary: 'A webhook endpoint of this account',
    security: apiKeySecurity,
    tags: ['Webhooks'],
    request: { params: endpointParams },
    responses: { 200: json(endpointSchema, 'The endpoint'), ...problems },
  })
  app.openapi(get, async (context) => {
    const endpoint = await existingEndpoint(api, context.get('accountId'), context.req.valid('param').id)
    return context.json(viewEndpoint(endpoint, api.now()), 200)
  })
}

const addChange = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'patch',
    path: '/v1/webhook-endpoints/{id}',
    summary: 'Change address, filter or description; turn off or on',
    security: apiKeySecurity,
    tags: ['Webhooks'],
    request: { params: endpointParams, body: jsonBody(endpointChangeSchema(api.webhooks)) },
    responses: { 200: json(endpointSchema, 'The endpoint after the change'), ...problems },
  })
  app.openapi(route, async (context) => {
    const { id } = context.req.valid('param')
    const { url, events, description, enabled } = context.req.valid('json')
    const set: EndpointChange = {
      ...(url !== undefined && { url }),
      ...(events !== undefined && { events }),
      ...(description !== undefined && { description }),
      ...(enabled === false && { disabled: { reason: 'account' as const, at: api.now() } }),
    }
    const changed = await changeEndpoint(api.table, {
      accountId: context.get('accountId'),
      endpointId: id,
      set,
      // What failed was the address before.
      remove: [
        ...(enabled ? ['disabled' as const] : []),
        ...(enabled || url !== undefined ? ['failing' as const] : []),
      ],
    })
    if (changed === undefined) throw noEndpoint(id)
    return context.json(viewEndpoint(changed, api.now()), 200)
  })
}

const addDelete = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'delete',
    path: '/v1/webhook-endpoints/{id}',
    summary: 'Delete a webhook endpoint; its deliveries stay in the log',
    security: apiKeySecurity,
    tags: ['Webhooks'],
    request: { params: endpointParams },
    responses: { 204: { description: 'Nothing more is sent there' }, ...problems },
  })
  app.openapi(route, async (context) => {
    const { id } = context.req.valid('param')
    const known = await deleteEndpoint(api.table, { accountId: context.get('accountId'), endpointId: id })
    if (!known) throw noEndpoint(id)
    return context.body(null, 204)
  })
}

/** New keys of both schemes. */
export const drawKeys = (draw: Draw): SigningKeys => {
  const secret = encodeWebhookSecret(draw.bytes(SECRET_BYTES))
  const { secretKey, publicKey } = encodeWebhookKeyPair(draw.bytes(SEED_BYTES))
  return { secret, secret_key: secretKey, public_key: publicKey, created_at: draw.at }
}

export const existingEndpoint = async (api: ApiContext, accountId: string, id: string): Promise<WebhookEndpoint> => {
  const endpoint = await getEndpoint(api.table, { accountId, endpointId: id })
  if (endpoint === undefined) throw noEndpoint(id)
  return endpoint
}

export const noEndpoint = (id: string): ProblemError =>
  new ProblemError('not_found', `This account has no webhook endpoint ${id}.`)

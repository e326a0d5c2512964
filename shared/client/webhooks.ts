/** Webhook endpoints and the log of deliveries. */
import type { z } from 'zod'
import type {
  DeliveryView,
  deliveryFilterSchema,
  deliveryWithBodySchema,
  EndpointView,
  endpointChangeSchema,
  endpointWithSecretSchema,
  newEndpointSchema,
  recoveredSchema,
} from '../contract/webhook.ts'
import type { Page } from './generations.ts'
import type { CallOptions, Connection } from './http.ts'

export type NewEndpoint = z.input<ReturnType<typeof newEndpointSchema>>
export type EndpointChange = z.input<ReturnType<typeof endpointChangeSchema>>
/** `secret` is in the answers of create and rotate, and never again. */
export type EndpointWithSecret = z.infer<typeof endpointWithSecretSchema>
export type DeliveryQuery = Partial<z.output<typeof deliveryFilterSchema>>

const ENDPOINTS = '/v1/webhook-endpoints'
const DELIVERIES = '/v1/webhook-deliveries'
const at = (root: string, id: string, act = ''): string => `${root}/${encodeURIComponent(id)}${act}`

export const webhookEndpoints = (api: Connection) => ({
  create: (request: NewEndpoint, options: CallOptions = {}): Promise<EndpointWithSecret> =>
    api.json({ method: 'POST', path: ENDPOINTS, body: request, ...options }),
  list: (options: CallOptions = {}): Promise<{ readonly data: readonly EndpointView[] }> =>
    api.json({ method: 'GET', path: ENDPOINTS, ...options }),
  get: (id: string, options: CallOptions = {}): Promise<EndpointView> =>
    api.json({ method: 'GET', path: at(ENDPOINTS, id), ...options }),
  change: (id: string, change: EndpointChange, options: CallOptions = {}): Promise<EndpointView> =>
    api.json({ method: 'PATCH', path: at(ENDPOINTS, id), body: change, ...options }),
  delete: async (id: string, options: CallOptions = {}): Promise<void> => {
    await api.done({ method: 'DELETE', path: at(ENDPOINTS, id), ...options })
  },
  /** New keys; the former ones sign beside them for the overlap, a day unless said. */
  rotate: (
    id: string,
    rotation: { overlap_seconds?: number } = {},
    options: CallOptions = {},
  ): Promise<EndpointWithSecret> =>
    api.json({ method: 'POST', path: at(ENDPOINTS, id, '/rotate'), body: rotation, ...options }),
  /** Sends `webhook_endpoint.test` in one attempt. */
  test: (id: string, options: CallOptions = {}): Promise<DeliveryView> =>
    api.json({ method: 'POST', path: at(ENDPOINTS, id, '/test'), ...options }),
  /** Sends again what did not arrive since a time. */
  recover: (id: string, since: string, options: CallOptions = {}): Promise<z.infer<typeof recoveredSchema>> =>
    api.json({ method: 'POST', path: at(ENDPOINTS, id, '/recover'), body: { since }, ...options }),
})

export const webhookDeliveries = (api: Connection) => ({
  list: (query: DeliveryQuery = {}, options: CallOptions = {}): Promise<Page<DeliveryView>> =>
    api.json({ method: 'GET', path: DELIVERIES, query: { ...query }, ...options }),
  get: (id: string, options: CallOptions = {}): Promise<z.infer<typeof deliveryWithBodySchema>> =>
    api.json({ method: 'GET', path: at(DELIVERIES, id), ...options }),
  replay: (id: string, options: CallOptions = {}): Promise<DeliveryView> =>
    api.json({ method: 'POST', path: at(DELIVERIES, id, '/replay'), ...options }),
})

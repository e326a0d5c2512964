/** Everything about webhooks that an account can reach, and what its receivers are sent. */
import { z } from '@hono/zod-openapi'
import { endpointDisabledEventSchema, endpointTestEventSchema } from '../../../shared/contract/endpoint-event.ts'
import { balanceLowEventSchema, batchEndedEventSchema, generationEventSchema } from '../../../shared/contract/event.ts'
import type { ApiContext } from '../context.ts'
import type { Api } from '../route.ts'
import { addRotateAccountSecret } from './rotate-account-secret.ts'
import { addWebhookDeliveries } from './webhook-deliveries.ts'
import { addWebhookEndpointActs } from './webhook-endpoint-acts.ts'
import { addWebhookEndpoints } from './webhook-endpoints.ts'

export const addWebhooks = (app: Api, api: ApiContext): void => {
  for (const add of [addWebhookEndpoints, addWebhookEndpointActs, addWebhookDeliveries, addRotateAccountSecret])
    add(app, api)
  for (const [name, event] of Object.entries(EVENTS)) describeEvent(app, name, event)
}

const EVENTS = {
  'generation.ended': {
    summary: 'A generation ended: generation.succeeded, .failed, .canceled or .expired',
    schema: generationEventSchema,
  },
  'batch.ended': { summary: 'Every line of a batch ended and is settled', schema: batchEndedEventSchema },
  'account.balance_low': {
    summary: 'The credit not yet spent fell below an alert of the account; once for each alert between two credits',
    schema: balanceLowEventSchema,
  },
  'webhook_endpoint.disabled': {
    summary: 'The service turned an endpoint off, after a 410 or days of failure',
    schema: endpointDisabledEventSchema,
  },
  'webhook_endpoint.test': { summary: 'Asked for by POST .../test', schema: endpointTestEventSchema },
} as const

/** Standard Webhooks 1.0.0: what the receiver verifies before it trusts a body. */
const headers = z.object({
  'webhook-id': z.string().describe('The event: the same at every attempt, replay and endpoint'),
  'webhook-timestamp': z.string().describe('Time of the attempt, seconds since the epoch'),
  'webhook-signature': z.string().describe('Space-separated: v1 (HMAC-SHA256) and v1a (ed25519), of every live key'),
})

const describeEvent = (app: Api, name: string, event: { summary: string; schema: z.ZodType }): void => {
  app.openAPIRegistry.registerWebhook({
    method: 'post',
    path: name,
    summary: event.summary,
    tags: ['Webhooks'],
    request: { headers, body: { content: { 'application/json': { schema: event.schema } } } },
    responses: { '2XX': { description: 'Received. Any other answer is tried again; 410 turns the endpoint off.' } },
  })
}

/** Webhook bodies that speak of webhook endpoints themselves. */
import { z } from 'zod'

const endpointLinks = z.strictObject({ self: z.url() })

/** An endpoint of the account was turned off by the service; its other endpoints are told. */
export const endpointDisabledEventSchema = z.strictObject({
  type: z.literal('webhook_endpoint.disabled'),
  timestamp: z.iso.datetime(),
  data: z.strictObject({
    id: z.string(),
    url: z.string(),
    reason: z
      .enum(['gone', 'failing'])
      .describe('`gone`: it answered 410. `failing`: days of failure without one success.'),
    failing_since: z.iso.datetime().nullable(),
    failed_attempts: z.number().int().nonnegative(),
    links: endpointLinks,
  }),
})

/** Asked for by `POST /v1/webhook-endpoints/{id}/test`. */
export const endpointTestEventSchema = z.strictObject({
  type: z.literal('webhook_endpoint.test'),
  timestamp: z.iso.datetime(),
  data: z.strictObject({ id: z.string(), links: endpointLinks }),
})

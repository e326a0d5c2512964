/** Verifies a webhook as it came in, by Standard Webhooks 1.0.0. Runs in Node and in browsers. */
import { Webhook } from 'standardwebhooks'
import type { GenerationEvent } from '../contract/event.ts'

export interface ReceivedWebhook {
  /** The body byte for byte as it came: parsed and written again, its signature is void. */
  readonly body: string
  /** Header names in lower case, as Node and fetch give them, or a Headers object. */
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>
  /** The endpoint's `whsec_` secret; several while it is being rotated. */
  readonly secret: string | readonly string[]
}

/**
 * The event of a webhook that is ours and less than five minutes old. Throws WebhookVerificationError otherwise: answer 400
 * then. `webhook-id` is the same at every attempt and replay of one event, so keep it to tell a repeated one.
 */
export const verifyWebhook = <Event = GenerationEvent>({ body, headers, secret }: ReceivedWebhook): Event => {
  const secrets = typeof secret === 'string' ? [secret] : secret
  let refusal: unknown = new TypeError('verifyWebhook takes at least one secret')
  for (const each of secrets)
    try {
      return new Webhook(each).verify(body, plainHeaders(headers)) as Event
    } catch (error) {
      refusal = error
    }
  throw refusal
}

const plainHeaders = (headers: ReceivedWebhook['headers']): Record<string, string> => {
  const pairs = headers instanceof Headers ? [...headers] : Object.entries(headers)
  return Object.fromEntries(pairs.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])))
}

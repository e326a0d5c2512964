/** The webhook worker's settings and what they make: shared by its two roots, the Lambda and the local process. */
import { z } from 'zod'
import { createClients } from '../../shared/aws/clients.ts'
import { connectStores, type Environment, readSettings, serviceSettings, webhookPolicy } from '../../shared/config.ts'
import type { DeliveryContext } from './deliver.ts'

export const webhookSettings = {
  ...serviceSettings,
  ...webhookPolicy.settings,
  WEBHOOK_TIMEOUT_SECONDS: z.coerce.number().positive().max(60).default(15),
}

export const connectWebhooks = (
  environment: Environment,
  { now, random }: { now: () => number; random: () => number },
): DeliveryContext => {
  const settings = readSettings(webhookSettings, environment)
  return {
    ...connectStores(createClients(), settings),
    publicUrl: settings.PUBLIC_URL,
    webhooks: webhookPolicy.read(settings),
    timeoutMs: settings.WEBHOOK_TIMEOUT_SECONDS * 1000,
    now,
    random,
  }
}

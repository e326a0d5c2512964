/** Metering's settings and what they make: shared by its two roots, the stream's and the report's. */
import Stripe from 'stripe'
import { z } from 'zod'
import { createClients } from '../../shared/aws/clients.ts'
import { type Environment, readSettings, serviceSettings } from '../../shared/config.ts'
import { findCustomers } from './find-customers.ts'
import type { MeteringContext } from './meter-settlement.ts'

export const meteringSettings = {
  TABLE_NAME: serviceSettings.TABLE_NAME,
  /** A restricted key: writes meter events; reads meters and customers. */
  STRIPE_API_KEY: z.string().min(1),
  /** The event that the meter listens to. */
  STRIPE_EVENT_NAME: z.string().min(1).max(100),
}

export const reportSettings = {
  ...meteringSettings,
  OUTPUTS_BUCKET: serviceSettings.OUTPUTS_BUCKET,
  STRIPE_METER_ID: z.string().min(1),
}

/** Longer than Stripe takes, shorter than the function may run. */
const TIMEOUT_MS = 10_000

/**
 * Every attempt is noted beforehand, so the SDK must make none by itself: over node:http it sends a request whose connection
 * was closed once more, whatever it is told; over fetch it does not.
 */
export const createStripe = (apiKey: string, config: Partial<Stripe.StripeConfig> = {}): Stripe =>
  new Stripe(apiKey, {
    httpClient: Stripe.createFetchHttpClient(),
    maxNetworkRetries: 0,
    timeout: TIMEOUT_MS,
    telemetry: false,
    ...config,
  })

export const connectMetering = (environment: Environment, now: () => number): MeteringContext => {
  const settings = readSettings(meteringSettings, environment)
  const stripe = createStripe(settings.STRIPE_API_KEY)
  return {
    table: { client: createClients().dynamodb, name: settings.TABLE_NAME },
    stripe,
    customerOf: findCustomers(stripe),
    eventName: settings.STRIPE_EVENT_NAME,
    now,
  }
}

export const connectReport = (environment: Environment, now: () => number) => {
  const settings = readSettings(reportSettings, environment)
  const bucket = { client: createClients().s3, name: settings.OUTPUTS_BUCKET }
  return { ...connectMetering(environment, now), bucket, meterId: settings.STRIPE_METER_ID }
}

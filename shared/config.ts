/** Settings read from the environment, by composition roots only. A missing or malformed one stops the process with a sentence. */
import { z } from 'zod'
import type { Clients } from './aws/clients.ts'
import { contentPolicySchema } from './contract/content-policy.ts'
import type { Priority } from './contract/priority.ts'
import { type AddressPolicy, isCidr } from './domain/public-address.ts'
import type { Bucket } from './stores/outputs.ts'
import type { Queues } from './stores/queues.ts'
import type { Table } from './stores/store.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** A queue of generations for each priority. */
export const generationQueues = {
  settings: { GENERATIONS_QUEUE_URL: z.url(), LOW_PRIORITY_QUEUE_URL: z.url() },
  read: (settings: { GENERATIONS_QUEUE_URL: string; LOW_PRIORITY_QUEUE_URL: string }): Record<Priority, string> => ({
    standard: settings.GENERATIONS_QUEUE_URL,
    low: settings.LOW_PRIORITY_QUEUE_URL,
  }),
}

const seconds = (fallback: number) => z.coerce.number().int().positive().default(fallback)

/** Settings every process of the service shares. */
export const serviceSettings = {
  TABLE_NAME: z.string().min(1),
  ...generationQueues.settings,
  DELIVERIES_QUEUE_URL: z.url(),
  OUTPUTS_BUCKET: z.string().min(1),
  /** Where clients reach the API. */
  PUBLIC_URL: z.url(),
  /** An open generation is looked at again after this long without news. */
  REVIEW_SECONDS: seconds(120),
}

/** Reads settings by a zod shape. Throws an Error that names every wrong variable. */
export const readSettings = <Shape extends z.ZodRawShape>(shape: Shape, environment: Environment) => {
  const parsed = z.object(shape).safeParse(environment)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`The environment is not complete. ${faults.join('; ')}`)
}

/** The stores' handles, from settings and clients. */
export const connectStores = (
  clients: Clients,
  settings: Parameters<typeof generationQueues.read>[0] & {
    TABLE_NAME: string
    DELIVERIES_QUEUE_URL: string
    OUTPUTS_BUCKET: string
  },
): { table: Table; queues: Queues; bucket: Bucket } => ({
  table: { client: clients.dynamodb, name: settings.TABLE_NAME },
  queues: {
    client: clients.sqs,
    generationsUrls: generationQueues.read(settings),
    deliveriesUrl: settings.DELIVERIES_QUEUE_URL,
  },
  bucket: { client: clients.s3, name: settings.OUTPUTS_BUCKET },
})

/** Which receivers webhooks may reach: public https only, unless the deployment says otherwise. */
export const webhookPolicy = {
  settings: {
    WEBHOOK_ALLOW_HTTP: z.enum(['true', 'false']).default('false'),
    /** Comma-separated ranges accepted although not public, such as 127.0.0.0/8 on a laptop. */
    WEBHOOK_ALLOWED_CIDRS: z
      .string()
      .default('')
      .transform((text) => text.split(',').filter((cidr) => cidr !== ''))
      .refine((cidrs) => cidrs.every(isCidr), 'not a list of address/prefix'),
  },
  read: (settings: { WEBHOOK_ALLOW_HTTP: 'true' | 'false'; WEBHOOK_ALLOWED_CIDRS: string[] }): AddressPolicy => ({
    allowHttp: settings.WEBHOOK_ALLOW_HTTP === 'true',
    allowedCidrs: settings.WEBHOOK_ALLOWED_CIDRS,
  }),
}

/** What the deployment will not make, as JSON (contract/content-policy.ts); everything is made when left out. */
export const contentPolicySettings = {
  CONTENT_POLICY: z
    .string()
    .default('{}')
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown
      } catch {
        context.addIssue({ code: 'custom', message: 'not JSON' })
        return z.NEVER
      }
    })
    .pipe(contentPolicySchema),
}

/** The edge's settings and what they make: shared by its two roots, the Lambda and the local process. */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { createClients } from '../../shared/aws/clients.ts'
import {
  connectStores,
  contentPolicySettings,
  type Environment,
  readSettings,
  serviceSettings,
  webhookPolicy,
} from '../../shared/config.ts'
import { compileDenyList } from '../../shared/domain/deny-list.ts'
import { createFleetReader } from '../../shared/stores/fleet-reading.ts'
import type { ApiContext } from './context.ts'
import { readPacks } from './packs/read-packs.ts'

export const edgeSettings = {
  ...serviceSettings,
  ...webhookPolicy.settings,
  ...contentPolicySettings,
  WRITES_PER_MINUTE: z.coerce.number().int().min(1).default(600),
  /** Below the time limit of the function and of every proxy before it. */
  MAX_WAIT_SECONDS: z.coerce.number().int().min(0).max(600).default(10),
  /** What would wait longer is refused (503), even if the whole fleet ran. */
  MAX_QUEUE_SECONDS: z.coerce.number().int().min(1).default(3600),
  PACKS_FOLDER: z.string().min(1),
  KEY_PEPPER: z.string().min(16),
  ADMIN_KEY_HASH: z.string().regex(/^[0-9a-f]{64}$/),
}

export const connectApi = async (environment: Environment, now: () => number): Promise<ApiContext> => {
  const settings = readSettings(edgeSettings, environment)
  const stores = connectStores(createClients(), settings)
  return {
    ...stores,
    fleet: createFleetReader(stores.table, now),
    packs: await readPacks(settings.PACKS_FOLDER),
    denied: compileDenyList(settings.CONTENT_POLICY.prompt.deny),
    keyPepper: settings.KEY_PEPPER,
    adminKeyHash: settings.ADMIN_KEY_HASH,
    webhooks: webhookPolicy.read(settings),
    publicUrl: settings.PUBLIC_URL,
    writesPerMinute: settings.WRITES_PER_MINUTE,
    maxWaitSeconds: settings.MAX_WAIT_SECONDS,
    maxQueueSeconds: settings.MAX_QUEUE_SECONDS,
    reviewMs: settings.REVIEW_SECONDS * 1000,
    now,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
  }
}

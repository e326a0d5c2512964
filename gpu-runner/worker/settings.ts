/** The runner's settings: what its environment must and may say. */
import { z } from 'zod'
import { contentPolicySettings, serviceSettings, webhookPolicy } from '../../shared/config.ts'
import { PROVIDERS } from '../pack/providers.ts'

export const runnerSettings = {
  ...serviceSettings,
  ...contentPolicySettings,
  /** Which scoring servers a reward may ask: those that webhooks may go to. */
  ...webhookPolicy.settings,
  /** The packs this runner serves: folders, or s3://bucket/prefix, with commas between them. All lie in its memory. */
  PACK_FOLDER: z
    .string()
    .min(1)
    .transform((folders) => folders.split(',')),
  /** Where a pack from S3 is kept. */
  PACK_CACHE: z.string().min(1).default('/tmp/packs'),
  /** Generations searched at once. */
  CONCURRENCY: z.coerce.number().int().min(1).max(64).default(2),
  /** A runner that is silent this long has lost its generation. */
  LEASE_SECONDS: z.coerce.number().positive().default(30),
  /** A generation whose search failed or crashed its runner this often, without getting on in between, is failed. */
  MAX_TRIES: z.coerce.number().int().min(1).default(5),
  /** The work that a crash may cost, in time and in NFEs, whichever comes first. */
  CHECKPOINT_SECONDS: z.coerce.number().positive().default(10),
  CHECKPOINT_NFES: z.coerce.number().int().min(1).default(100),
  /** Threads of one graph; all cores when left out, or what was measured. */
  MODEL_THREADS: z.coerce.number().int().min(1).optional(),
  /** Sessions of each graph, which run at the same time and each take memory; 1 when left out, or what was measured. */
  MODEL_SESSIONS: z.coerce.number().int().min(1).max(64).optional(),
  /** Where it is kept which threads and sessions suit this machine's processor. With it they are measured where they are not given. */
  CALIBRATION_FOLDER: z.string().min(1).optional(),
  /** Latents in one run of a graph at most; 1 where results depend on the batch and a resume must be exact. */
  MODEL_BATCH: z.coerce.number().int().min(1).max(256).optional(),
  /** Where the graphs run. The process ends with a reason when it cannot have it. */
  MODEL_PROVIDER: z.enum(PROVIDERS).default('cpu'),
  /** Where the ECS agent answers, set by the agent itself. With it, a task that works is not chosen for scale-in. */
  ECS_AGENT_URI: z.url().optional(),
  /** A file touched while the main thread lives, for a container's health check. */
  HEARTBEAT_FILE: z.string().min(1).optional(),
}

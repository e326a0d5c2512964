/** What differs between deployments. Everything else is the same in all of them. */
import { z } from 'zod'
import { contentPolicySchema } from '../shared/contract/content-policy.ts'

const stageSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{1,15}$/),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/),
  /** Kept data survives `destroy`: table and buckets are retained, and the table refuses to be deleted. */
  keepData: z.boolean(),
  /** A customer managed key for table, bucket and queues ($1 a month); otherwise AWS's own keys. */
  customerKey: z.boolean(),
  /** AWS WAF in front of the API (about $8 a month before traffic). */
  firewall: z.boolean(),
  /** A name of one's own; without it the API is reached at its CloudFront address. */
  domain: z.strictObject({ name: z.string(), hostedZoneId: z.string(), zoneName: z.string() }).optional(),
  /** Who hears of alarms and of the budget. */
  alarmEmail: z.email().optional(),
  monthlyBudgetUsd: z.number().positive(),
  logDays: z.union([z.literal(7), z.literal(30), z.literal(90)]),
  fleet: z.strictObject({
    /** The pack that the runners serve: a folder of gpu-runner/packs. */
    pack: z.string(),
    /** Small packs of the image that every runner serves beside it. What no runner serves, the edge does not offer. */
    alsoPacks: z.array(z.string()).default([]),
    /** Where a pack too large for the image is pulled from, as s3://bucket/prefix; the image's own copy when left out. */
    packSource: z
      .string()
      .regex(/^s3:\/\/[a-z0-9.-]+\/[\w./-]+$/)
      .optional(),
    /** One GPU each, best first; all must have the memory that the pack needs. */
    instanceTypes: z.array(z.string()).min(1),
    /** Memory of a task, MiB: below what the smallest type leaves free. */
    taskMemoryMiB: z.number().int().min(1024),
    /** Part of the fleet on spot, percent. */
    spotPercent: z.number().int().min(0).max(100),
    maxTasks: z.number().int().min(1).max(1000),
    /** Generations that one task searches at once. */
    concurrency: z.number().int().min(1).max(64),
    /** Measured time of one NFE on the fleet's GPU, seconds. */
    secondsPerNfe: z.number().positive(),
  }),
  /** What is not made: words that no prompt may have, classifiers of prompts and images. Everything is made when left out. */
  contentPolicy: contentPolicySchema.optional(),
  /** Settled NFEs go to this Stripe meter; no metering when left out. */
  metering: z.strictObject({ meterId: z.string(), eventName: z.string() }).optional(),
})
export type StageSettings = z.infer<typeof stageSchema>

const FLEET: StageSettings['fleet'] = {
  pack: 'emoji-world',
  alsoPacks: ['trajectories'],
  instanceTypes: ['g6.xlarge', 'g5.xlarge'],
  taskMemoryMiB: 12_288,
  spotPercent: 100,
  maxTasks: 4,
  concurrency: 2,
  secondsPerNfe: 0.1,
}

const STAGES: Readonly<Record<string, StageSettings>> = {
  dev: {
    name: 'dev',
    region: 'us-east-1',
    keepData: false,
    customerKey: false,
    firewall: false,
    monthlyBudgetUsd: 50,
    logDays: 7,
    fleet: FLEET,
  },
  prod: {
    name: 'prod',
    region: 'us-east-1',
    keepData: true,
    customerKey: true,
    firewall: true,
    monthlyBudgetUsd: 1000,
    logDays: 90,
    fleet: { ...FLEET, spotPercent: 70, maxTasks: 50 },
  },
}

/**
 * The settings of a stage. `overrides` replace whole settings of it (`cdk.json`, context `rollover:<stage>`).
 * @throws Error when there is no such stage, or a setting is unknown or wrong.
 */
export const readStage = (name: string, overrides: unknown = {}): StageSettings => {
  const stage = STAGES[name]
  if (stage === undefined) throw new Error(`There is no stage ${name}; there are ${Object.keys(STAGES).join(', ')}.`)
  const parsed = stageSchema.safeParse({ ...stage, ...z.record(z.string(), z.unknown()).parse(overrides) })
  if (parsed.success) return parsed.data
  throw new Error(`Stage ${name} is not complete. ${z.prettifyError(parsed.error)}`)
}

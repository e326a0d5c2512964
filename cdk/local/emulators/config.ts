/** What the emulator process is told, and what it answers. */
import { z } from 'zod'

const port = z.int().min(0).max(65_535)

export const emulatorConfig = z.strictObject({
  /** Everything durable lies below this folder, one folder a service. */
  dataDir: z.string().min(1),
  /** 0: any free port. */
  ports: z.strictObject({ dynamodb: port, sqs: port, s3: port }).default({ dynamodb: 0, sqs: 0, s3: 0 }),
  /** S3 access key id -> secret. */
  keys: z.record(z.string().min(1), z.string().min(1)),
  buckets: z.array(z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)),
  queues: z.array(
    z.strictObject({
      name: z.string().regex(/^[A-Za-z0-9_-]{1,80}$/),
      visibilityTimeoutSeconds: z.int().min(0).max(43_200).optional(),
      deadLetter: z.strictObject({ queue: z.string(), maxReceiveCount: z.int().min(1).max(1000) }).optional(),
    }),
  ),
  corsOrigins: z.array(z.string()).default([]),
  /** How often expired items are deleted. */
  ttlSweepSeconds: z.number().positive().default(60),
})

export type EmulatorConfig = z.input<typeof emulatorConfig>

/** The one line on stdout that says the process is ready. */
export const emulatorsReady = z.strictObject({
  dynamodb: z.string(),
  sqs: z.string(),
  s3: z.string(),
  /** Queue name -> URL. */
  queueUrls: z.record(z.string(), z.string()),
})

export type EmulatorsReady = z.infer<typeof emulatorsReady>

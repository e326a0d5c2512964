/**
 * Rewards: what a request may name, and what each part of one said. A pack brings rewards of its own (`rewards` in pack.json); three
 * kinds need no graph and are there with every pack.
 */
import { z } from 'zod'
import type { AddressPolicy } from '../domain/public-address.ts'
import { webhookUrlSchema } from './webhook-url.ts'

/** Rewards of the pixels alone. A pack names none of its own like them. */
export const PIXEL_REWARDS = {
  colorfulness: { units: 'Hasler-Suesstrunk colourfulness of the image: 0 for grey, above 80 for very colourful' },
  compressibility: { units: 'minus kilobytes (1000 bytes) of the image as the JPEG that `format: jpeg` delivers' },
} as const satisfies Record<string, { units: string }>

export type PixelReward = keyof typeof PIXEL_REWARDS

/** Forms of a reward that are no reward's name. */
export const REWARD_FORMS = ['composite', 'http'] as const

/** A pack's reward, or one of the pixels. */
export const rewardNameSchema = z
  .string()
  // Aborting: a union takes a value that only fails a check for its own, and then the other forms' faults are not heard.
  .regex(/^(?!(?:composite|http)$)[a-z][a-z0-9-]{0,30}$/, { message: 'not the name of a reward', abort: true })

/** Most of one thing that may be asked for. */
export const MAX_COUNT = 64
const MAX_PARTS = 8
const MAX_WEIGHT = 1e6
const MAX_TIMEOUT_SECONDS = 60
const DEFAULT_TIMEOUT_SECONDS = 15

export const countsSchema = z
  .record(z.string().min(1).max(64), z.number().int().min(0).max(MAX_COUNT))
  .refine((counts) => Object.keys(counts).length > 0, 'at least one thing to count')
  .refine((counts) => Object.keys(counts).length <= 48, 'at most 48 things')
  .meta({ minProperties: 1, maxProperties: 48, propertyNames: { minLength: 1, maxLength: 64 } })

const namedRewardSchema = z.strictObject({
  name: rewardNameSchema,
  counts: countsSchema
    .optional()
    .describe('Of a reward that counts: how many of what. Read from the prompt unless said.'),
})

const httpRewardSchema = (addresses: AddressPolicy) =>
  z.strictObject({
    name: z.literal('http'),
    url: webhookUrlSchema(addresses).describe('Your scoring server: it gets PNGs and answers a number for each.'),
    timeout_seconds: z
      .number()
      .int()
      .min(1)
      .max(MAX_TIMEOUT_SECONDS)
      .default(DEFAULT_TIMEOUT_SECONDS)
      .describe('Longest that one answer may take.'),
  })

const weightSchema = z
  .number()
  .min(-MAX_WEIGHT)
  .max(MAX_WEIGHT)
  // DynamoDB keeps no number that is closer to 0 than 1e-130.
  .refine((weight) => Math.abs(weight) >= 1e-9, 'a weight is not 0')

/** @param addresses which scoring servers are taken: those that webhooks may go to. */
export const rewardRequestSchema = (addresses: AddressPolicy) => {
  const http = httpRewardSchema(addresses)
  const parts = z
    .array(z.strictObject({ reward: z.union([rewardNameSchema, http, namedRewardSchema]), weight: weightSchema }))
    .min(1)
    .max(MAX_PARTS)
    .refine((all) => all.filter(({ reward }) => isHttp(reward)).length <= 1, 'at most one http reward')
  const composite = z.strictObject({
    name: z.literal('composite'),
    parts: parts.describe('The reward is the sum of weight x reward.'),
  })
  return z.union([rewardNameSchema, composite, http, namedRewardSchema])
}

const isHttp = (reward: unknown): boolean =>
  typeof reward === 'object' && reward !== null && 'name' in reward && reward.name === 'http'

const countsAsked = z.record(z.string(), z.number().int())
const singleRewardSchema = z.union([
  z.strictObject({ name: z.literal('http'), url: z.string(), timeout_seconds: z.number().int() }),
  z.strictObject({ name: z.string(), counts: countsAsked.optional() }),
])

/** A reward as a generation has it: what the request left out is said. */
export const rewardSchema = z.union([
  z.strictObject({
    name: z.literal('composite'),
    parts: z.array(z.strictObject({ reward: singleRewardSchema, weight: z.number() })),
  }),
  singleRewardSchema,
])

export const rewardPartSchema = z.strictObject({
  name: z.string(),
  weight: z.number(),
  reward: z.number().describe('What it said, before its weight.'),
})
export type RewardPart = z.infer<typeof rewardPartSchema>

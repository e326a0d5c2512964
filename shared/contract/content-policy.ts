/**
 * What a deployment will not make: words that a prompt must not have, and classifiers that look at prompts and images. Written by
 * the engineer who deploys; without one everything is made. An unknown key is an error: a misspelt rule must not be no rule.
 */
import { z } from 'zod'

const MAX_TERMS = 10_000

/** A word or several, matched as whole words; a `*` at the end matches any ending. */
const termSchema = z
  .string()
  .max(100)
  .regex(/^[^*]*[\p{L}\p{N}]\*?$/u, 'words, with at most one "*" at their end')

/** Asked over HTTP, in the network of the deployment: see gpu-runner/content/classify.ts. */
export const classifierSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** Whoever does not answer by then has failed, and what was to be looked at is not made. */
  timeout_ms: z.number().int().min(1).max(60_000).default(10_000),
})

export const contentPolicySchema = z.strictObject({
  prompt: z
    .strictObject({
      /** Reason, as a client is told -> terms. */
      deny: z
        .record(z.string().min(1).max(100), z.array(termSchema))
        .refine((deny) => Object.values(deny).flat().length <= MAX_TERMS, `at most ${MAX_TERMS} terms`)
        .default({}),
      classifier: classifierSchema.optional(),
    })
    .default({ deny: {} }),
  image: z.strictObject({ classifier: classifierSchema.optional() }).default({}),
})

export type ContentPolicy = z.infer<typeof contentPolicySchema>
export type ClassifierSettings = z.infer<typeof classifierSchema>

/** What a classifier says; the reason is shown to the client. */
export const verdictSchema = z.strictObject({ refused: z.boolean(), reason: z.string().max(200).optional() })

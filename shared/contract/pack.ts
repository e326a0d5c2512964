/**
 * The pack manifest `pack.json`: a folder of ONNX graphs the runner can search without knowing any model by name.
 * Unknown keys are errors: a misspelt setting must not be ignored silently.
 */
import { z } from 'zod'

const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'a plain file name inside the pack folder')
export const PRICE_CLASSES = ['small', 'medium', 'large'] as const

const positiveInt = z.number().int().positive()

/** A reward (or judge) graph that counts things: image [B,3,H,W], target [B,C] -> reward [B], counts [B,C]. */
export const countGraphSchema = z.strictObject({
  file: fileName,
  /** Names of the C counted classes, in the order of the target tensor. */
  classes: z.array(z.string().min(1)).min(1),
  /** Plural form -> class name. */
  plurals: z.record(z.string(), z.string()),
  /** Target value that means "not asked for". */
  missing: z.number(),
})

/** With a reward may come what searches of it have learned: the profile of `adaptive` (gpu-runner/search/profile.ts). */
export const countRewardSchema = countGraphSchema.extend({ profile: fileName.optional() })

export const vocabularySchema = z.strictObject({
  countable: z.array(z.string()),
  numbers: z.array(z.string()),
  shapes: z.array(z.string()),
  colors: z.array(z.string()),
  backgrounds: z.array(z.string()),
  relations: z.array(z.string()),
})

export const packManifestSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  version: z.string().min(1),
  licence: z.string().min(1),
  /** Image height and width in pixels. */
  resolution: z.tuple([positiveInt, positiveInt]),
  /** Shape of one latent, without the batch. */
  latent: z.array(positiveInt).min(1),
  native: z.strictObject({
    interpolant: z.enum(['linear', 'vp']),
    prediction: z.enum(['velocity', 'epsilon', 'denoised']),
    /** Factor from t in [0, 1] to the number the graph takes. */
    time_scale: z.number().positive(),
  }),
  guidance: z.strictObject({ mode: z.enum(['none']) }),
  tokenizer: z.strictObject({ file: fileName, max_length: positiveInt }),
  graphs: z.strictObject({ encode: fileName, velocity: fileName, decode: fileName }),
  rewards: z.strictObject({ count: countRewardSchema }),
  /** Graphs for evaluation only. The runner never loads them; benchmarks score with them what the search never saw. */
  judges: z.strictObject({ count: countGraphSchema }).optional(),
  vocabulary: vocabularySchema,
  /** Decides the price of an NFE. */
  price_class: z.enum(PRICE_CLASSES).default('small'),
  /** Highest NFE budget of one generation. */
  nfe_cap: positiveInt.default(2000),
  files: z.record(fileName, z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: positiveInt })),
})

export type PackManifest = z.infer<typeof packManifestSchema>
export type CountGraph = z.infer<typeof countGraphSchema>

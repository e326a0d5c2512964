/**
 * The pack manifest `pack.json`: a folder of ONNX graphs the runner can search without knowing any model by name.
 * Unknown keys are errors: a misspelt setting must not be ignored silently.
 */
import { z } from 'zod'
import { outputKindSchema } from './output.ts'
import { PIXEL_REWARDS, rewardNameSchema } from './reward.ts'
import { textSchema } from './text.ts'

const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'a plain file name inside the pack folder')
export const PRICE_CLASSES = ['small', 'medium', 'large'] as const

const positiveInt = z.number().int().positive()
/** Far beyond any pack there is: more than this is an attack or an accident, and is refused before anything is allocated. */
const atMost = (most: number) => positiveInt.max(most)
const MAX_LATENT = 2 ** 24

/** The contract of packs that this code reads. A pack says which one it was made for; a newer one is refused. */
export const PACK_CONTRACT = 1

/** How the prompt becomes one input of a graph. */
export const promptTokensSchema = z.strictObject({
  /** In the format of Hugging Face's tokenizer.json; its special tokens are set around the prompt. */
  file: fileName,
  /** Ids of one prompt, special tokens included; a shorter one is padded, a longer one cut. */
  max_length: atMost(8192),
  pad_id: z.number().int().min(0).default(0),
  /** Whether the graph also takes which ids are no padding. */
  mask: z.boolean().default(false),
  /** Text that goes before every prompt. */
  prefix: z.string().default(''),
  lowercase: z.boolean().default(false),
})

/**
 * - `none`: the network is run once.
 * - `embedded`: the network takes the scale as `guidance`: [B].
 * - `cfg`: it is run with and without the prompt, u = u0 + scale (u1 - u0): 2 NFEs an evaluation (Ho & Salimans, arXiv
 *   2207.12598). `graphs.unconditional` gives the conditioning of no prompt.
 */
const guidanceSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('none') }),
  z.strictObject({ mode: z.literal('embedded'), scale: z.number() }),
  z.strictObject({ mode: z.literal('cfg'), scale: z.number() }),
])

const nativeSchema = z.strictObject({
  /** A name that flow/interpolant.ts knows. */
  interpolant: z
    .string()
    .max(64)
    .regex(/^(linear|vp|scaled_linear_[\d.]+_[\d.]+)$/, 'linear, vp or scaled_linear_<first beta>_<last beta>'),
  prediction: z.enum(['velocity', 'epsilon', 'denoised']),
  /** Factor from t in [0, 1] to the number the graph takes. */
  time_scale: z.number().positive(),
  /** Uniform grids are walked at t = shift v / (1 + (shift - 1) v) instead of v. */
  time_shift: z.number().positive().default(1),
})

/**
 * Of a pack whose output is a path, `path` [B,points,2] stands for `image` in what follows.
 *
 * Counts things: image [B,3,H,W], target [B,C] -> reward [B], counts [B,C], and where it can say where they stand, peaks [B,C,h,w], of
 * which counts is the sum.
 */
export const countGraphSchema = z.strictObject({
  file: fileName,
  takes: z.literal('counts'),
  /** Names of the C counted classes, in the order of the target tensor. */
  classes: z.array(z.string().min(1)).min(1),
  /** Plural form -> class name. */
  plurals: z.record(z.string(), z.string()),
  /** Target value that means "not asked for". */
  missing: z.number(),
})

/** Reads the prompt: image [B,3,H,W], input_ids [B,L], where it says so input_mask [B,L] -> reward [B]. */
export const promptGraphSchema = z.strictObject({
  file: fileName,
  takes: z.literal('prompt'),
  /** A text that is too long for it loses its end. */
  tokenizer: promptTokensSchema,
  /** What is tokenized, with the prompt in it: "Does this picture show {prompt}?" */
  text: z.string().regex(/\{prompt\}/, 'has no {prompt}'),
})

/** Looks at the image alone: image [B,3,H,W] -> reward [B]. */
export const imageGraphSchema = z.strictObject({ file: fileName, takes: z.literal('image') })

const ofReward = {
  /** What its numbers mean, for people. */
  units: z.string().min(1),
  /** Whether a client may ask for it. */
  offered: z.boolean().default(true),
  /** What searches of it have learned: the profile of `adaptive` (gpu-runner/search/profile.ts). */
  profile: fileName.optional(),
  /** Through the decoder: latents [B,...] and the same inputs -> reward [B], gradient [B,...]. */
  gradient: fileName.optional(),
}

/** A graph that scores images, higher is better. Preprocessing (resizing, normalising) is inside. */
export const rewardGraphSchema = z.discriminatedUnion('takes', [
  countGraphSchema.extend(ofReward),
  promptGraphSchema.extend(ofReward),
  imageGraphSchema.extend(ofReward),
])

export const judgeGraphSchema = z.discriminatedUnion('takes', [countGraphSchema, promptGraphSchema, imageGraphSchema])

const ofPack = (name: string): boolean => !Object.hasOwn(PIXEL_REWARDS, name)

export const vocabularySchema = z.strictObject({
  countable: z.array(z.string()),
  numbers: z.array(z.string()),
  shapes: z.array(z.string()),
  colors: z.array(z.string()),
  backgrounds: z.array(z.string()),
  relations: z.array(z.string()),
})

const phrase = z.string().regex(/^[a-z]+(?: [a-z]+)*$/, 'lower-case words')

/** Prompts of one sentence with places to fill: "from {start} to {goal}", and what may stand in each. */
export const promptFormSchema = z
  .strictObject({
    text: z.string().regex(/^(?:[a-z]+|\{[a-z]+\})(?: (?:[a-z]+|\{[a-z]+\}))*$/, 'lower-case words and {places}'),
    places: z.record(z.string().regex(/^[a-z]+$/), z.array(phrase).min(1).max(200)),
  })
  .refine(
    ({ text, places }) => [...text.matchAll(/\{([a-z]+)\}/g)].every(([, name = '']) => Object.hasOwn(places, name)),
    'a place of the text has no words',
  )
export type PromptForm = z.infer<typeof promptFormSchema>

const MAX_EXAMPLE = 300
const ANY_WORDS = { countable: [], numbers: [], shapes: [], colors: [], backgrounds: [], relations: [] }

export const packManifestSchema = z.strictObject({
  contract: z.literal(PACK_CONTRACT).default(PACK_CONTRACT),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  version: z.string().min(1),
  licence: z.string().min(1),
  /** What `decode` gives, and rewards and judges take under the name of the kind. */
  output: outputKindSchema.default({ kind: 'image' }),
  /** Height and width in pixels: of the image, or of the drawing of a path. */
  resolution: z.tuple([atMost(16384), atMost(16384)]),
  /** Shape of one latent, without the batch. */
  latent: z
    .array(atMost(MAX_LATENT))
    .min(1)
    .max(8)
    .refine(
      (shape) => shape.reduce((product, size) => product * size, 1) <= MAX_LATENT,
      `more than ${MAX_LATENT} numbers`,
    ),
  native: nativeSchema,
  guidance: guidanceSchema,
  /** By name: the encoder takes `<name>_ids`, and `<name>_mask` where there is a mask. */
  tokenizers: z
    .record(z.string().regex(/^[a-z][a-z0-9_]{0,30}$/, 'a short lower-case name'), promptTokensSchema)
    .refine((tokenizers) => Object.keys(tokenizers).length > 0, 'at least one'),
  graphs: z.strictObject({
    encode: fileName,
    velocity: fileName,
    decode: fileName,
    unconditional: fileName.optional(),
  }),
  /** By the name that requests use. */
  rewards: z.record(rewardNameSchema.refine(ofPack, 'is a reward of every pack'), rewardGraphSchema),
  /** Of a request that names none. */
  default_reward: rewardNameSchema,
  /** Graphs for evaluation only. The runner never loads them; benchmarks score with them what the search never saw. */
  judges: z.record(z.string(), judgeGraphSchema).optional(),
  /** Left out by a pack that takes more than prompts of one form. */
  prompt_form: promptFormSchema.optional(),
  /** Left out by a pack that takes any words. */
  vocabulary: vocabularySchema.default(ANY_WORDS),
  /** Prompts to begin with, for people; best first. */
  examples: z.array(textSchema.min(1).max(MAX_EXAMPLE)).max(20).default([]),
  /** Decides the price of an NFE. */
  price_class: z.enum(PRICE_CLASSES).default('small'),
  /** Highest NFE budget of one generation. */
  nfe_cap: positiveInt.default(2000),
  /** Every file of the folder but the manifest, parts of weights beside the graphs too. */
  files: z
    .record(fileName, z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: atMost(2 ** 40) }))
    .refine((files) => Object.keys(files).length <= 1000, 'more than 1000 files')
    .refine((files) => !Object.hasOwn(files, 'pack.json'), 'pack.json cannot list itself'),
  /** What the exporter measured and says about the pack; never read by the runner. */
  notes: z.record(z.string(), z.unknown()).optional(),
})

export type PackManifest = z.infer<typeof packManifestSchema>
export type PromptTokens = z.infer<typeof promptTokensSchema>

/** NFEs of one evaluation of a latent: with classifier-free guidance the network is run twice. */
export const nfePerEvaluation = ({ guidance }: Pick<PackManifest, 'guidance'>): number =>
  guidance.mode === 'cfg' ? 2 : 1
export type CountGraph = z.infer<typeof countGraphSchema>
export type RewardGraph = z.infer<typeof rewardGraphSchema>
export type JudgeGraph = z.infer<typeof judgeGraphSchema>

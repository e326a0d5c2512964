/** Packs as the API shows them. */
import { z } from 'zod'
import { OUTPUT_FORMATS, OUTPUT_KINDS } from './output.ts'
import { promptFormSchema, vocabularySchema } from './pack.ts'
import { PRIORITIES } from './priority.ts'
import { SEARCH_NAMES } from './search-names.ts'

const pixels = z.number().int()

export const packViewSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  licence: z.string(),
  output: z
    .strictObject({ kind: z.enum(OUTPUT_KINDS), formats: z.array(z.enum(OUTPUT_FORMATS)) })
    .describe('What a search gives, and the formats that a request may ask for; the first unless said.'),
  resolution: z.tuple([pixels, pixels]).meta({
    type: 'array',
    items: { type: 'integer' },
    minItems: 2,
    maxItems: 2,
    description: 'Height and width in pixels, of an image or of the drawing of a path.',
  }),
  rewards: z
    .array(
      z.strictObject({
        name: z.string(),
        takes: z.enum(['counts', 'prompt', 'image']).describe('What it looks at beside the image.'),
        units: z.string(),
        gradient: z.boolean().describe('Whether the search `gradient` can follow it.'),
      }),
    )
    .describe('What a request may name as its reward, alone or in a composite.'),
  default_reward: z.string().describe('Of a request that names none.'),
  searches: z.array(z.enum(SEARCH_NAMES)),
  vocabulary: vocabularySchema.describe('The words that a prompt may be made of.'),
  prompt_form: promptFormSchema
    .nullable()
    .describe(
      'The one form that prompts of this pack have, and what may stand in its places; null of a pack without one.',
    ),
  examples: z.array(z.string()).describe('Prompts to begin with, best first; none of a pack that names none.'),
  nfe_cap: z.number().int().describe('Highest budget of one generation.'),
  nfe_per_evaluation: z
    .number()
    .int()
    .describe('NFEs that one look at one latent takes: 2 where the pack runs its network with and without the prompt.'),
  price_micro_usd_per_nfe: z.number().int().describe('Of the priority a generation has unless it says otherwise.'),
  prices_micro_usd_per_nfe: z.record(z.enum(PRIORITIES), z.number().int()),
})
export type PackView = z.infer<typeof packViewSchema>

/** Packs as the API shows them. */
import { z } from 'zod'
import { vocabularySchema } from './pack.ts'
import { PRIORITIES } from './priority.ts'
import { SEARCH_NAMES } from './search-names.ts'

const pixels = z.number().int()

export const packViewSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  licence: z.string(),
  resolution: z
    .tuple([pixels, pixels])
    .meta({ type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 2, description: 'Height and width.' }),
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
  nfe_cap: z.number().int().describe('Highest budget of one generation.'),
  nfe_per_evaluation: z
    .number()
    .int()
    .describe('NFEs that one look at one latent takes: 2 where the pack runs its network with and without the prompt.'),
  price_micro_usd_per_nfe: z.number().int().describe('Of the priority a generation has unless it says otherwise.'),
  prices_micro_usd_per_nfe: z.record(z.enum(PRIORITIES), z.number().int()),
})
export type PackView = z.infer<typeof packViewSchema>

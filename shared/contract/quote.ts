/** What a generation would cost, and what one like it took and brought before. */
import { z } from 'zod'
import { PRIORITIES } from './priority.ts'
import { rewardSchema } from './reward.ts'
import { SEARCH_NAMES } from './search-names.ts'

const microUsd = z.number().int().nonnegative()

export const quoteSchema = z.strictObject({
  object: z.literal('quote'),
  pack: z.string(),
  reward: rewardSchema,
  search: z.enum(SEARCH_NAMES),
  nfe_budget: z.number().int().positive(),
  priority: z.enum(PRIORITIES),
  price_micro_usd_per_nfe: z.number().int().positive(),
  price_list: z.string().describe('Version of the price list; a generation keeps the one it was accepted under.'),
  max_price_micro_usd: microUsd.describe('What would be held: the most that it can cost.'),
  covered: z.boolean().describe('Whether the balance covers that now.'),
  expected: z
    .strictObject({
      /** Generations that the numbers come from. */
      samples: z.number().int().positive(),
      nfe_used: z.number().int().nonnegative(),
      price_micro_usd: microUsd,
      /** From the start of the search; the wait for a runner comes before. */
      duration_seconds: z.number().nonnegative(),
      reward: z.number(),
      /** Share of them that did exactly what was asked; null unless the reward counts. */
      exact_share: z.number().min(0).max(1).nullable(),
      /** What the budget brought over a smaller one; null without enough generations at a smaller one. */
      gain: z
        .strictObject({
          /** Mean reward here less the mean reward there; other prompts may have been asked for there. */
          reward: z.number(),
          over_nfe_budget: z.number().int().positive(),
          samples: z.number().int().positive(),
        })
        .nullable(),
    })
    .nullable()
    .describe(
      "From this account's own generations of this pack, reward and search at budgets like this one; null while there are too few.",
    ),
})
export type QuoteView = z.infer<typeof quoteSchema>

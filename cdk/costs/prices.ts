/** The price file, read strictly: a price without a date or a source is none. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'

const priceSchema = z.strictObject({
  usd: z.number().positive(),
  per: z.string(),
  gpu: z.string().optional(),
  asOf: z.string().regex(/^\d{4}-\d\d$/),
  /** What stands behind the number; the file's note says what each word means. */
  evidence: z.enum(['dated', 'undated', 'memory', 'assumed']),
  /** Where to look it up. */
  source: z.string(),
  /** What AWS never bills, each month and for the whole account. */
  freeAMonth: z.number().positive().optional(),
})
const fileSchema = z.strictObject({
  region: z.string(),
  currency: z.literal('USD'),
  note: z.string(),
  prices: z.record(z.string(), priceSchema),
})

export type Price = z.infer<typeof priceSchema>
export type Prices = Readonly<Record<string, Price>>

export const readPrices = (): Prices =>
  fileSchema.parse(JSON.parse(readFileSync(new URL('prices.json', import.meta.url), 'utf8'))).prices

/** @throws RangeError when the file has no such price. */
export const priceOf = (prices: Prices, name: string): Price => {
  const price = prices[name]
  if (price === undefined) throw new RangeError(`prices.json has no ${name}`)
  return price
}

/** Bills of generations as they stand. */
import type { Usage } from '../contract/generation.ts'
import { billUsage } from '../domain/price.ts'
import type { GenerationItem } from './generations.ts'

/** The bill as far as it stands: before the end all is held, nothing charged and nothing refunded. */
export const usageOf = (generation: GenerationItem): Usage => {
  const { nfe_budget: nfeHeld, nfe_used: nfeUsed, micro_usd_per_nfe: microUsdPerNfe } = generation
  const receipt_sha256 = generation.trace?.sha256 ?? null
  const bill = { ...billUsage({ nfeHeld, nfeUsed: nfeUsed ?? 0, microUsdPerNfe }), receipt_sha256 }
  return nfeUsed === undefined ? { ...bill, nfe_refunded: 0 } : bill
}

export type TotalUsage = Pick<Usage, 'nfe_held' | 'nfe_used' | 'nfe_refunded' | 'price_micro_usd'>

/** The bills of several generations together. */
export const totalUsageOf = (generations: readonly GenerationItem[]): TotalUsage => {
  const usages = generations.map(usageOf)
  const sum = (name: keyof TotalUsage) => usages.reduce((total, usage) => total + usage[name], 0)
  return {
    nfe_held: sum('nfe_held'),
    nfe_used: sum('nfe_used'),
    nfe_refunded: sum('nfe_refunded'),
    price_micro_usd: sum('price_micro_usd'),
  }
}

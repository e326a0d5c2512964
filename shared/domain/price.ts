/**
 * Prices in integer micro-dollars. Price lists have versions and stay here for ever: a generation keeps the version and the
 * price it was quoted, so an old bill stays explainable.
 */
import type { Usage } from '../contract/generation.ts'
import type { PackManifest } from '../contract/pack.ts'
import type { Priority } from '../contract/priority.ts'

export interface PriceList {
  readonly version: string
  /** In force from here until the next list, epoch milliseconds. */
  readonly from: number
  /** Micro-dollars an NFE, by the pack's price class. */
  readonly classes: Readonly<Record<PackManifest['price_class'], number>>
  /** Packs with a price of their own, by name: it goes before the price of their class. */
  readonly packs: Readonly<Record<string, number>>
  /** What each priority costs, in percent of these prices; rounded up to whole micro-dollars an NFE. */
  readonly percent: Readonly<Record<Priority, number>>
}

/** Oldest first. Append only: a change of price is a new list with a later `from`, never an edit. */
export const PRICE_LISTS: readonly [PriceList, ...PriceList[]] = [
  {
    version: '2026-01',
    from: Date.parse('2026-01-01T00:00:00Z'),
    classes: { small: 20, medium: 60, large: 200 },
    packs: {},
    percent: { standard: 100, low: 50 },
  },
]

/** The list in force at a time; the first one before there was any. */
export const priceListAt = (at: number, lists: readonly [PriceList, ...PriceList[]] = PRICE_LISTS): PriceList =>
  lists.findLast(({ from }) => from <= at) ?? lists[0]

type PricedPack = Pick<PackManifest, 'name' | 'price_class'>

/** Micro-dollars an NFE of this pack on this list. */
export const priceOnList = (list: PriceList, pack: PricedPack, priority: Priority): number =>
  Math.ceil(((list.packs[pack.name] ?? list.classes[pack.price_class]) * list.percent[priority]) / 100)

/** What a generation may cost at most: the budget at the pack's price. */
export interface Quote {
  readonly nfe: number
  readonly microUsdPerNfe: number
  readonly microUsd: number
  /** Version of the price list. */
  readonly priceList: string
}

/** @param at when the generation is asked for, epoch milliseconds: the list of that time stays its list. */
export const quoteGeneration = (
  pack: PricedPack,
  { nfe, priority, at }: { nfe: number; priority: Priority; at: number },
): Quote => {
  const list = priceListAt(at)
  const microUsdPerNfe = priceOnList(list, pack, priority)
  return { nfe, microUsdPerNfe, microUsd: nfe * microUsdPerNfe, priceList: list.version }
}

/** What a generation costs; the receipt of its trace is not the price's business. */
export type Bill = Omit<Usage, 'receipt_sha256'>

/** The bill of a generation. Throws when more was used than held: that must never be charged. */
export const billUsage = (bill: { nfeHeld: number; nfeUsed: number; microUsdPerNfe: number }): Bill => {
  const { nfeHeld, nfeUsed, microUsdPerNfe } = bill
  if (!Number.isSafeInteger(nfeUsed) || nfeUsed < 0 || nfeUsed > nfeHeld)
    throw new RangeError(`used ${nfeUsed} NFEs of ${nfeHeld} held`)
  return {
    nfe_held: nfeHeld,
    nfe_used: nfeUsed,
    nfe_refunded: nfeHeld - nfeUsed,
    price_micro_usd: nfeUsed * microUsdPerNfe,
    price_micro_usd_per_nfe: microUsdPerNfe,
  }
}

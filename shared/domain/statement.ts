/**
 * What an account was credited and charged, drawn up from its ledger: the month's statement, and usage by day.
 *
 * Every amount is an integer of micro-dollars and every line multiplies out (nfe_used x micro_usd_per_nfe = micro_usd), so sums
 * are exact: opening + credited - charged = closing, and a month's closing is the next one's opening.
 */
import type { Priority } from '../contract/priority.ts'
import type { CreditEntry, GenerationEntry, LedgerEntry } from '../stores/ledger.ts'
import { dayOf } from './period.ts'

/** What one key was charged for one pack at one price. */
export interface ChargeLine {
  readonly key_id: string
  readonly pack: string
  readonly priority: Priority
  readonly price_list: string
  readonly micro_usd_per_nfe: number
  readonly generations: number
  readonly nfe_used: number
  readonly micro_usd: number
}

export interface CreditLine {
  readonly id: string
  readonly at: number
  readonly micro_usd: number
}

export interface Statement {
  /** `2026-11`, in UTC. */
  readonly month: string
  readonly opening_micro_usd: number
  readonly credited_micro_usd: number
  readonly charged_micro_usd: number
  readonly closing_micro_usd: number
  readonly credits: readonly CreditLine[]
  readonly charges: readonly ChargeLine[]
}

type Lines = Map<string, ChargeLine>

/** Adds a settlement to the line of its key, pack and price. */
const addCharge = (lines: Lines, entry: GenerationEntry): void => {
  const { key_id, pack, priority, price_list, micro_usd_per_nfe } = entry
  const place = JSON.stringify([key_id, pack, priority, price_list, micro_usd_per_nfe])
  const line = lines.get(place) ?? {
    key_id,
    pack,
    priority,
    price_list,
    micro_usd_per_nfe,
    generations: 0,
    nfe_used: 0,
    micro_usd: 0,
  }
  lines.set(place, {
    ...line,
    generations: line.generations + 1,
    nfe_used: line.nfe_used + entry.nfe,
    micro_usd: line.micro_usd + entry.micro_usd,
  })
}

const inOrder = (lines: Lines): ChargeLine[] =>
  [...lines].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)

/** @param entries of this month, each once. */
export const drawStatement = (from: {
  month: string
  openingMicroUsd: number
  entries: Iterable<LedgerEntry>
}): Statement => {
  const credits: CreditLine[] = []
  const lines: Lines = new Map()
  for (const entry of from.entries) {
    if (entry.kind === 'credit') credits.push(creditLine(entry))
    else addCharge(lines, entry)
  }
  const charges = inOrder(lines)
  const [credited, charged] = [sumOf(credits), sumOf(charges)]
  return {
    month: from.month,
    opening_micro_usd: from.openingMicroUsd,
    credited_micro_usd: credited,
    charged_micro_usd: charged,
    closing_micro_usd: from.openingMicroUsd + credited - charged,
    credits,
    charges,
  }
}

const creditLine = ({ credit_id: id, at, micro_usd }: CreditEntry): CreditLine => ({ id, at, micro_usd })

export const sumOf = (lines: Iterable<{ readonly micro_usd: number }>): number => {
  let sum = 0
  for (const { micro_usd } of lines) sum += micro_usd
  return sum
}

export type UsageGroup = 'key' | 'pack'

/** A day's charges at one price: `nfe_used` x `micro_usd_per_nfe` = `micro_usd`, as in every line. */
export interface UsageRow extends Omit<ChargeLine, 'key_id' | 'pack'> {
  /** `2026-11-24`, in UTC: the day on which the generations ended. */
  readonly date: string
  /** null unless asked for by key, or by pack. */
  readonly key_id: string | null
  readonly pack: string | null
}

/** Usage by day and price, and by key or pack where asked; days without any are missing. Its sum is what the statements charge. */
export const usageByDay = (entries: Iterable<LedgerEntry>, groups: readonly UsageGroup[]): UsageRow[] => {
  const rows = new Map<string, UsageRow>()
  for (const entry of entries) {
    if (entry.kind === 'credit') continue
    const date = dayOf(entry.at)
    const key_id = groups.includes('key') ? entry.key_id : null
    const pack = groups.includes('pack') ? entry.pack : null
    const { priority, price_list, micro_usd_per_nfe } = entry
    const place = JSON.stringify([date, key_id, pack, priority, price_list, micro_usd_per_nfe])
    const row = rows.get(place)
    rows.set(place, {
      date,
      key_id,
      pack,
      priority,
      price_list,
      micro_usd_per_nfe,
      generations: (row?.generations ?? 0) + 1,
      nfe_used: (row?.nfe_used ?? 0) + entry.nfe,
      micro_usd: (row?.micro_usd ?? 0) + entry.micro_usd,
    })
  }
  return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

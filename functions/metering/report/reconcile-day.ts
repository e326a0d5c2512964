/**
 * One day of settlements against what Stripe counted. What was certainly never counted is sent now; what is in doubt is put
 * before a human, with Stripe's own sum beside it to decide by.
 */
import { listAccounts } from '../../../shared/stores/accounts.ts'
import { readLedger } from '../../../shared/stores/ledger.ts'
import { type MeterState, readMeterRecords, type Settlement } from '../../../shared/stores/metering.ts'
import { type Bucket, putObject } from '../../../shared/stores/outputs.ts'
import { type MeteringContext, type MeterOutcome, meterSettlement } from '../meter-settlement.ts'

export interface ReportContext extends MeteringContext {
  readonly bucket: Bucket
  readonly meterId: string
}

export interface AccountDay {
  readonly account_id: string
  /** Null while nobody at Stripe pays for the account. */
  readonly customer: string | null
  readonly nfe_settled: number
  /** NFEs by what became of their events. */
  readonly nfe: Readonly<Partial<Record<MeterOutcome, number>>>
  /** What Stripe counted; null without a customer. Stripe adds up with some delay. */
  readonly nfe_at_stripe: number | null
  /** `agrees`: Stripe has what was sent. `agrees_with_unsure`: and all that is in doubt, too. */
  readonly verdict: 'unbilled' | 'agrees' | 'agrees_with_unsure' | 'differs'
  readonly unsure: readonly string[]
  readonly refused: readonly string[]
}

export interface MeteringReport {
  /** UTC day, as 2026-11-24. */
  readonly day: string
  readonly made_at: number
  readonly accounts: readonly AccountDay[]
}

const DAY_MS = 86_400_000
const PAGE = 100

/** @param dayMs the start of a UTC day that is over. @returns the report, also kept as `reports/metering/<day>.json`. */
export const reconcileDay = async (on: ReportContext, dayMs: number): Promise<MeteringReport> => {
  const accounts: AccountDay[] = []
  let after: string | undefined
  do {
    const page = await listAccounts(on.table, { limit: PAGE, ...(after !== undefined && { after }) })
    for (const { id } of page.accounts) {
      const day = await reconcileAccount(on, id, dayMs)
      if (day !== undefined) accounts.push(day)
    }
    after = page.next
  } while (after !== undefined)
  const report = { day: new Date(dayMs).toISOString().slice(0, 10), made_at: on.now(), accounts }
  await putObject(on.bucket, {
    key: `reports/metering/${report.day}.json`,
    bytes: new TextEncoder().encode(JSON.stringify(report, null, 1)),
    contentType: 'application/json',
  })
  return report
}

/** Undefined when nothing was settled. */
const reconcileAccount = async (
  on: ReportContext,
  accountId: string,
  dayMs: number,
): Promise<AccountDay | undefined> => {
  const settlements = await settledOf(on, accountId, dayMs)
  if (settlements.length === 0) return undefined
  const outcomes = await outcomesOf(on, settlements)
  const nfe: Partial<Record<MeterOutcome, number>> = {}
  for (const { settlement, outcome } of outcomes) nfe[outcome] = (nfe[outcome] ?? 0) + settlement.nfe
  const named = (which: MeterOutcome) =>
    outcomes.filter(({ outcome }) => outcome === which).map(({ settlement }) => settlement.generation_id)
  const customer = await on.customerOf(accountId)
  const counted = customer === undefined ? null : await countedByStripe(on, customer, dayMs)
  return {
    account_id: accountId,
    customer: customer ?? null,
    nfe_settled: settlements.reduce((sum, settlement) => sum + settlement.nfe, 0),
    nfe,
    nfe_at_stripe: counted,
    verdict: judge(counted, nfe),
    unsure: named('unsure'),
    refused: [...named('refused'), ...named('late')],
  }
}

const settledOf = async (on: ReportContext, accountId: string, dayMs: number): Promise<Settlement[]> => {
  const settlements: Settlement[] = []
  for await (const entry of readLedger(on.table, { accountId, fromMs: dayMs, toMs: dayMs + DAY_MS }))
    if (entry.kind === 'settle' && entry.nfe > 0) settlements.push(entry)
  return settlements
}

const outcomesOf = async (
  on: ReportContext,
  settlements: readonly Settlement[],
): Promise<{ settlement: Settlement; outcome: MeterOutcome }[]> => {
  const records = await readMeterRecords(on.table, settlements)
  const settled: readonly (MeterState | undefined)[] = ['sent', 'unsure']
  const outcomes: { settlement: Settlement; outcome: MeterOutcome }[] = []
  for (const settlement of settlements) {
    const state = records.get(settlement.generation_id)?.state
    // One after another: Stripe takes one event of a customer at a time.
    const outcome = settled.includes(state) ? (state as MeterOutcome) : await meterSettlement(on, settlement)
    outcomes.push({ settlement, outcome })
  }
  return outcomes
}

const countedByStripe = async (on: ReportContext, customer: string, dayMs: number): Promise<number> => {
  const range = { customer, start_time: dayMs / 1000, end_time: (dayMs + DAY_MS) / 1000 }
  let counted = 0
  for await (const { aggregated_value } of on.stripe.billing.meters.listEventSummaries(on.meterId, range))
    counted += aggregated_value
  return counted
}

const judge = (counted: number | null, { sent = 0, unsure = 0 }: AccountDay['nfe']): AccountDay['verdict'] => {
  if (counted === null) return 'unbilled'
  if (counted === sent) return 'agrees'
  return counted === sent + unsure ? 'agrees_with_unsure' : 'differs'
}

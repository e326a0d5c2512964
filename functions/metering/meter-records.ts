/** Settlements in the order of the stream, one after another: Stripe takes one event of a customer at a time. */
import { type MeteringContext, type MeterOutcome, meterSettlement } from './meter-settlement.ts'
import { type StreamRecord, settlementOf } from './settlement-of-record.ts'

export interface Metered {
  readonly outcomes: Readonly<Partial<Record<MeterOutcome, number>>>
  /** From here on the records are to come again, by the stream's own numbers; none when all are done. */
  readonly failedFrom?: string
  readonly error?: unknown
}

export const meterRecords = async (on: MeteringContext, records: readonly StreamRecord[]): Promise<Metered> => {
  const outcomes: Partial<Record<MeterOutcome, number>> = {}
  for (const record of records)
    try {
      const outcome = await meterSettlement(on, settlementOf(record))
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    } catch (error) {
      return { outcomes, failedFrom: record.dynamodb?.SequenceNumber ?? '', error }
    }
  return { outcomes }
}

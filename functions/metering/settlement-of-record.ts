/** A record of the table's stream as the settlement it adds to the ledger. */
import { z } from 'zod'
import type { Settlement } from '../../shared/stores/metering.ts'

const text = z.object({ S: z.string() })
const integer = z.object({ N: z.string().regex(/^\d+$/) })

const imageSchema = z.object({
  kind: z.object({ S: z.literal('settle') }),
  account_id: text,
  generation_id: text,
  nfe: integer,
  at: integer,
})

export interface StreamRecord {
  readonly dynamodb?: { readonly SequenceNumber?: string; readonly NewImage?: unknown }
}

/** Throws on a record that is no settlement: the mapping's filter lets none of them through. */
export const settlementOf = (record: StreamRecord): Settlement => {
  const { account_id, generation_id, nfe, at } = imageSchema.parse(record.dynamodb?.NewImage)
  return { account_id: account_id.S, generation_id: generation_id.S, nfe: Number(nfe.N), at: Number(at.N) }
}

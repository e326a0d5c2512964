/** One settlement to Stripe's meter. The identifier is the generation's, so the event may be sent twice and counts once. */
import Stripe from 'stripe'
import { beginAttempt, noteRefused, noteSent, type Settlement } from '../../shared/stores/metering.ts'
import type { Table } from '../../shared/stores/store.ts'
import type { CustomerOf } from './find-customers.ts'

export interface MeteringContext {
  readonly table: Table
  readonly stripe: Stripe
  readonly customerOf: CustomerOf
  readonly eventName: string
  readonly now: () => number
}

/**
 * `sent` it is counted; `nothing` no NFE was used; `unbilled` nobody at Stripe pays for the account; `late` Stripe takes no
 * event so old; `refused` Stripe will not have it; `unsure` it may have been counted more than a day ago.
 */
export type MeterOutcome = 'sent' | 'nothing' | 'unbilled' | 'late' | 'refused' | 'unsure'

/** Stripe takes events of the past 35 days; one of them is for clocks. */
const OLDEST_MS = 34 * 86_400_000

/** Rejects when the outcome is not known or Stripe is busy: try again. What was tried is noted, so that is safe. */
export const meterSettlement = async (on: MeteringContext, settlement: Settlement): Promise<MeterOutcome> => {
  if (settlement.nfe === 0) return 'nothing'
  const customer = await on.customerOf(settlement.account_id)
  if (customer === undefined) return 'unbilled'
  if (on.now() - settlement.at > OLDEST_MS) return 'late'
  const { state } = await beginAttempt(on.table, settlement, on.now())
  if (state !== 'sending') return state
  try {
    await sendEvent(on, settlement, customer)
  } catch (error) {
    if (!isDuplicate(error)) return noteFailure(on, settlement, error)
  }
  await noteSent(on.table, settlement)
  return 'sent'
}

const sendEvent = (on: MeteringContext, settlement: Settlement, customer: string) =>
  on.stripe.billing.meterEvents.create({
    event_name: on.eventName,
    identifier: settlement.generation_id,
    timestamp: Math.floor(settlement.at / 1000),
    payload: { stripe_customer_id: customer, value: String(settlement.nfe) },
  })

/** Stripe has this identifier already: the event was counted, and the answer to it lost. */
const isDuplicate = (error: unknown): boolean =>
  error instanceof Stripe.errors.StripeInvalidRequestError && /already exists with identifier/.test(error.message)

/** A refusal is an answer: nothing was counted. It is final when the same request would be refused again. */
const noteFailure = async (on: MeteringContext, settlement: Settlement, error: unknown): Promise<'refused'> => {
  const { StripeAuthenticationError, StripeInvalidRequestError, StripePermissionError, StripeRateLimitError } =
    Stripe.errors
  const refusals = [StripeInvalidRequestError, StripeRateLimitError, StripeAuthenticationError, StripePermissionError]
  if (!refusals.some((refusal) => error instanceof refusal)) throw error
  await noteRefused(on.table, settlement, (error as Error).message)
  if (error instanceof StripeInvalidRequestError) return 'refused'
  throw error
}

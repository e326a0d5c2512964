/** What a key may ask for, and the hold of what it asks: refusals as problems that say how much would have been accepted. */
import { ProblemError } from '../../../shared/contract/problem.ts'
import type { ApiKey } from '../../../shared/stores/api-keys.ts'
import type { GenerationItem } from '../../../shared/stores/generations.ts'
import { type HoldOutcome, type HoldPart, holdTogether, MAX_HOLDS } from '../../../shared/stores/holds.ts'
import type { ApiContext } from '../context.ts'

/** When one of so many open generations may have ended. */
const RETRY_OPEN_SECONDS = '10'

/** Refuses a pack that the key may not use and a budget above its cap for one request. Needs nothing but the key. */
export const refuseBeyondKey = (key: ApiKey, asked: { pack: string; nfe: number }): void => {
  if (key.packs !== null && !key.packs.includes(asked.pack)) {
    const detail = `the key "${key.name}" may use ${key.packs.join(', ')} only`
    throw new ProblemError('forbidden', `/pack: ${detail}`, { errors: [{ pointer: '/pack', detail }] })
  }
  if (key.nfe_per_request !== null && asked.nfe > key.nfe_per_request)
    throw new ProblemError(
      'key_cap_exceeded',
      `The budget of ${asked.nfe} NFEs is above this key's cap of ${key.nfe_per_request} NFEs a request.`,
      { members: { nfe_required: asked.nfe, nfe_available: key.nfe_per_request, scope: 'key_request' } },
    )
}

export interface HoldTerms {
  readonly key: ApiKey
  readonly now: number
  readonly messagesAtOnce: number | undefined
  readonly batchId?: string
}

export type Held = HoldOutcome & { readonly kind: 'held' }

/**
 * Holds what one or several generations of one account may cost, all or none.
 * @returns the hold that stands under the id of the first, made now or by an earlier try, and which of them must wait.
 */
export const takeHolds = async (
  api: ApiContext,
  items: readonly GenerationItem[],
  { key, now, ...terms }: HoldTerms,
): Promise<Held> => {
  const [first, ...others] = items
  if (first === undefined) throw new RangeError('nothing to hold')
  const nfe = items.reduce((sum, { nfe_budget: each }) => sum + each, 0)
  const microUsdPerNfe = Math.max(...items.map(({ micro_usd_per_nfe: price }) => price))
  const outcome = await holdTogether(api.table, {
    accountId: first.account_id,
    parts: [partOf(first), ...others.map(partOf)],
    key,
    at: now,
    createdAt: first.created_at,
    reviewAt: now + api.reviewMs,
    ...terms,
  })
  switch (outcome.kind) {
    case 'held':
      return outcome
    case 'insufficient': {
      const available = Math.floor(outcome.balanceMicroUsd / microUsdPerNfe)
      throw new ProblemError(
        'insufficient_budget',
        `The budget of ${nfe} NFEs is more than the ${available} NFEs the balance covers. Add credit or ask for less; trying again will not help.`,
        { members: { nfe_required: nfe, nfe_available: available, scope: 'account' } },
      )
    }
    case 'above cap': {
      const resetsAt = new Date(outcome.resetsAt).toISOString()
      throw new ProblemError(
        'key_cap_exceeded',
        `The budget of ${nfe} NFEs is more than the ${outcome.available} NFEs left of this key's cap for the ${outcome.cap}, which begins anew at ${resetsAt}.`,
        {
          members: {
            nfe_required: nfe,
            nfe_available: outcome.available,
            scope: `key_${outcome.cap}`,
            resets_at: resetsAt,
          },
        },
      )
    }
    case 'too many holds':
      throw new ProblemError('too_many_generations', `At most ${MAX_HOLDS} generations may be open at once.`, {
        headers: { 'retry-after': RETRY_OPEN_SECONDS },
      })
    case 'no account':
      throw new ProblemError('unauthorized', 'The account of this key no longer exists.')
  }
}

const partOf = ({ id, nfe_budget: nfe, micro_usd_per_nfe: price, priority }: GenerationItem): HoldPart => ({
  generationId: id,
  microUsd: nfe * price,
  nfe,
  priority,
})

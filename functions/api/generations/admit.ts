/** Whether there is room for one more, by the last reading of the fleet; and when what is let in will begin. */
import { ProblemError } from '../../../shared/contract/problem.ts'
import { judgeAdmission, messagesAtOnce } from '../../../shared/domain/admission.ts'
import type { GenerationItem } from '../../../shared/stores/generations.ts'
import type { ApiContext } from '../context.ts'

export interface Admitted {
  /** Epoch milliseconds. */
  readonly estimatedStartAt?: number
  /** Messages that the account may have in the queue. */
  readonly messagesAtOnce?: number
}

/**
 * Generations of one account, judged together. Throws `overloaded`, but for what an earlier try of the same request may have
 * held already. Knows nothing, and lets in, without a reading.
 */
export const admit = async (
  api: ApiContext,
  items: readonly GenerationItem[],
  { resumed }: { resumed: boolean },
): Promise<Admitted> => {
  const reading = await api.fleet()
  const [first] = items
  if (reading === undefined || first === undefined) return {}
  const admission = judgeAdmission(reading, {
    accountId: first.account_id,
    nfe: items.reduce((sum, { nfe_budget }) => sum + nfe_budget, 0),
    patient: first.priority === 'low',
    maxQueueSeconds: api.maxQueueSeconds,
  })
  const seconds = Math.ceil(admission.startsInSeconds)
  if (admission.kind === 'overloaded' && !resumed)
    throw new ProblemError(
      'overloaded',
      `It would begin in about ${seconds} s; what cannot begin within ${api.maxQueueSeconds} s is not accepted. Nothing was held.`,
      {
        headers: { 'retry-after': String(admission.retryAfterSeconds) },
        members: { estimated_wait_seconds: seconds },
      },
    )
  return { estimatedStartAt: api.now() + seconds * 1000, messagesAtOnce: messagesAtOnce(reading) }
}

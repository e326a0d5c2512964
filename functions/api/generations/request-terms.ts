/** What a request says about its search and its end, as the generation keeps it. */
import type { GenerationRequest } from '../../../shared/contract/generation.ts'
import type { OutputFormat } from '../../../shared/contract/output.ts'
import type { FieldError } from '../../../shared/contract/problem.ts'
import type { GenerationItem } from '../../../shared/stores/generations.ts'

export type RequestTerms = Pick<
  GenerationItem,
  'target_reward' | 'n_outputs' | 'format' | 'previews' | 'deadline_at' | 'start_by'
>

/** @param now when the request was accepted, epoch milliseconds: its terms count from there. */
export const termsOf = (
  request: GenerationRequest,
  { format, now }: { format: OutputFormat; now: number },
): RequestTerms => ({
  n_outputs: request.n_outputs,
  format,
  previews: request.previews,
  ...(request.target_reward !== undefined && { target_reward: request.target_reward }),
  ...(request.deadline_seconds !== undefined && { deadline_at: now + request.deadline_seconds * 1000 }),
  ...(request.start_ttl_seconds !== undefined && { start_by: now + request.start_ttl_seconds * 1000 }),
})

/** Every lane of a search needs a step to look at and a step to finish. */
const MIN_EVALUATIONS_PER_OUTPUT = 2

/** Faults of terms that do not fit together. */
export const checkTerms = (
  { n_outputs: outputs, nfe_budget: budget }: GenerationRequest,
  nfePerEvaluation: number,
): FieldError[] => {
  const needed = outputs * MIN_EVALUATIONS_PER_OUTPUT * nfePerEvaluation
  return outputs > 1 && needed > budget
    ? [{ pointer: '/n_outputs', detail: `${outputs} outputs need a budget of ${needed} NFEs` }]
    : []
}

/** Everything about a request that needs its pack: whether the pack exists, its cap, its words, its counts. */
import type { GenerationRequest } from '../../../shared/contract/generation.ts'
import { nfePerEvaluation } from '../../../shared/contract/pack.ts'
import { type FieldError, ProblemError } from '../../../shared/contract/problem.ts'
import { type Counts, checkCounts, checkPrompt, readCounts } from '../../../shared/domain/prompt.ts'
import type { ApiContext, PackCard } from '../context.ts'
import { checkTerms } from './request-terms.ts'

/** What a valid request comes to: its pack, and how many of what it counts. */
export interface CheckedRequest {
  readonly card: PackCard
  readonly counts: Counts
}

/** Throws `content_refused`, or `invalid_request` with every fault and its place. Reads nothing but the request and the packs. */
export const checkRequest = (api: Pick<ApiContext, 'packs' | 'denied'>, request: GenerationRequest): CheckedRequest => {
  const card = api.packs.get(request.pack)
  if (card === undefined) {
    const known = [...api.packs.keys()].join(', ')
    throw refuseFields([{ pointer: '/pack', detail: `there is no pack of this name; there is ${known}` }])
  }
  refuseContent(api, request.prompt)
  const { manifest, tokenizer } = card
  const errors: FieldError[] = []
  if (request.nfe_budget > manifest.nfe_cap)
    errors.push({ pointer: '/nfe_budget', detail: `above the pack's cap of ${manifest.nfe_cap} NFEs` })
  const least = nfePerEvaluation(manifest)
  if (request.nfe_budget < least)
    errors.push({ pointer: '/nfe_budget', detail: `one evaluation of the pack ${manifest.name} takes ${least} NFEs` })
  errors.push(...checkTerms(request, least))
  errors.push(...checkPrompt(request.prompt, manifest, tokenizer))
  const said = typeof request.reward === 'string' ? undefined : request.reward.counts
  const read = said === undefined ? readCounts(request.prompt, manifest) : undefined
  const checked = said === undefined ? undefined : checkCounts(said, manifest)
  if (checked !== undefined && 'errors' in checked) errors.push(...checked.errors)
  if (errors.length > 0) throw refuseFields(errors)
  const counts = checked !== undefined && 'counts' in checked ? checked.counts : read
  if (counts !== undefined) return { card, counts }
  throw refuseFields([
    {
      pointer: '/reward',
      detail: 'the prompt names no number of things; say them in reward.counts, as {"balloon": 7}',
    },
  ])
}

const refuseContent = ({ denied }: Pick<ApiContext, 'denied'>, prompt: string): void => {
  const reason = denied(prompt)
  if (reason === undefined) return
  const detail = `asks for what this service does not make (${reason})`
  throw new ProblemError('content_refused', `/prompt: ${detail}`, { errors: [{ pointer: '/prompt', detail }] })
}

/** One `invalid_request` that names each fault by its place. */
export const refuseFields = (errors: readonly FieldError[]): ProblemError =>
  new ProblemError('invalid_request', errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; '), {
    errors,
  })

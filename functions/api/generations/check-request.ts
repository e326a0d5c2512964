/** Everything about a request that needs its pack: whether the pack exists, its cap, its words, its rewards. */
import type { GenerationRequest } from '../../../shared/contract/generation.ts'
import { FORMATS_OF, type OutputFormat } from '../../../shared/contract/output.ts'
import { nfePerEvaluation, type PackManifest } from '../../../shared/contract/pack.ts'
import { type FieldError, ProblemError } from '../../../shared/contract/problem.ts'
import { checkPrompt } from '../../../shared/domain/prompt.ts'
import { checkReward, hasGradient, type Reward } from '../../../shared/domain/reward.ts'
import type { ApiContext, PackCard } from '../context.ts'
import { checkTerms } from './request-terms.ts'

/** What a valid request comes to: its pack, its reward with everything said, its format. */
export interface CheckedRequest {
  readonly card: PackCard
  readonly reward: Reward
  readonly format: OutputFormat
}

/** Throws `content_refused`, or `invalid_request` with every fault and its place. Reads nothing but the request and the packs. */
export const checkRequest = (api: Pick<ApiContext, 'packs' | 'denied'>, request: GenerationRequest): CheckedRequest => {
  const card = request.pack === undefined ? [...api.packs.values()][0] : api.packs.get(request.pack)
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
  const format = formatOf(request, manifest)
  if (typeof format !== 'string') errors.push(format)
  errors.push(...checkTerms(request, least))
  const promptFaults = checkPrompt(request.prompt, manifest, tokenizer)
  errors.push(...promptFaults)
  const prompt = promptFaults.length === 0 ? request.prompt : undefined
  const checked = checkReward(request.reward, { prompt, manifest })
  if ('errors' in checked) errors.push(...checked.errors)
  else if (request.search === 'gradient' && !hasGradient(checked.reward, manifest))
    errors.push({ pointer: '/search', detail: `the pack ${manifest.name} has no gradient of this reward` })
  if (errors.length > 0 || 'errors' in checked || typeof format !== 'string') throw refuseFields(errors)
  return { card, reward: checked.reward, format }
}

/** The format asked for, the first of the pack's kind unless said; or the fault of one that is of another kind. */
const formatOf = ({ format }: GenerationRequest, { name, output }: PackManifest): OutputFormat | FieldError => {
  const formats: readonly OutputFormat[] = FORMATS_OF[output.kind]
  const [first] = formats as readonly [OutputFormat]
  if (format === undefined || formats.includes(format)) return format ?? first
  return {
    pointer: '/format',
    detail: `${format} is of another kind; the pack ${name} gives ${output.kind}s, as ${formats.join(' or ')}`,
  }
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

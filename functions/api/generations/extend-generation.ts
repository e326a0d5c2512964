/** POST /v1/generations/{id}/extend: top a finished search up and go on from where it ended. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  extensionRequestSchema,
  type GenerationRequest,
  generationSchema,
} from '../../../shared/contract/generation.ts'
import { DEFAULT_PRIORITY } from '../../../shared/contract/priority.ts'
import { type FieldError, ProblemError } from '../../../shared/contract/problem.ts'
import { type GenerationItem, isTerminal } from '../../../shared/stores/generations.ts'
import type { ApiContext } from '../context.ts'
import { type Api, apiKeySecurity, json, jsonBody, problems } from '../route.ts'
import { acceptGeneration } from './accept-generation.ts'
import { refuseFields } from './check-request.ts'
import { findGeneration } from './find-generation.ts'
import { viewGeneration } from './view-generation.ts'
import { viewReward } from './view-reward.ts'

export const addExtendGeneration = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'post',
    path: '/v1/generations/{id}/extend',
    summary: 'Go on with a search that has ended',
    description:
      'A new generation, held and billed for its own NFEs, that begins with the images, lanes and noise of the one it extends: nothing is evaluated twice, and its best is never worse. Prompt, reward, pack, search, seed and outputs stay; an extension can be extended again, and stays when the one it extends is deleted. A search that was canceled, or met its deadline or its target, goes on with its plan: given what it had left, it comes to the same image as if it had never stopped. One that spent its budget plans further, where it can; one that `converged` goes on all the same. Target and deadline are its own: none unless said. 409 where `extendable` is false: nothing was evaluated, the search failed, or its method has nothing left to do.',
    security: apiKeySecurity,
    request: {
      params: z.object({ id: z.string().max(64) }),
      body: jsonBody(extensionRequestSchema(api.webhooks)),
    },
    responses: {
      202: json(generationSchema, 'Accepted: the NFEs are held and the search queued'),
      200: json(generationSchema, 'With `Prefer: wait`: accepted, and ended within that time'),
      ...problems,
    },
  })
  app.openapi(route, async (context) => {
    const { id } = context.req.valid('param')
    const extended = await findGeneration(api, context.get('accountId'), id)
    const extension = extensionOf(extended)
    refuseTerms(extended, context.req.valid('json'))
    const by = { accountId: context.get('accountId'), key: context.get('key'), draw: context.get('draw') }
    const { priority = extended.priority ?? DEFAULT_PRIORITY, ...said } = context.req.valid('json')
    const request = { ...requestOf(extended), ...said, priority }
    const accepted = await acceptGeneration(api, by, request, { extends: extension })
    return context.json(await viewGeneration(api, accepted), 202, { location: `/v1/generations/${accepted.id}` })
  })
}

const extensionOf = ({ id, status, checkpoint }: GenerationItem): NonNullable<GenerationItem['extends']> => {
  if (checkpoint !== undefined) return { generation_id: id, checkpoint }
  if (!isTerminal(status)) throw new ProblemError('not_extendable', `The search is ${status}. It must end first.`)
  throw new ProblemError(
    'not_extendable',
    `The search ended as ${status} with nothing to go on with. Start another one.`,
  )
}

/** What would end the new search before it has begun. */
const refuseTerms = (extended: GenerationItem, said: Pick<GenerationRequest, 'nfe_budget' | 'target_reward'>): void => {
  const { least_nfe: least = 1 } = extended.checkpoint ?? {}
  const reached = extended.result?.reward
  const errors: FieldError[] = []
  if (said.nfe_budget < least)
    errors.push({ pointer: '/nfe_budget', detail: `the search goes on with ${least} NFEs at once` })
  if (said.target_reward !== undefined && reached !== undefined && said.target_reward <= reached)
    errors.push({ pointer: '/target_reward', detail: `the search has reached ${reached} already` })
  if (errors.length > 0) throw refuseFields(errors)
}

/** What the new generation has in common with the one it extends. */
const requestOf = (
  extended: GenerationItem,
): Omit<GenerationRequest, 'nfe_budget' | 'priority' | 'metadata' | 'retention_seconds'> => ({
  prompt: extended.prompt,
  reward: viewReward(extended.reward),
  pack: extended.pack,
  search: extended.search,
  seed: extended.seed,
  n_outputs: extended.n_outputs ?? 1,
  format: extended.format ?? 'png',
  previews: extended.previews ?? false,
})

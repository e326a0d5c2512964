/** POST /v1/generations/{id}/extend: top a finished search up and go on from where it ended. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  extensionRequestSchema,
  type GenerationRequest,
  generationSchema,
} from '../../../shared/contract/generation.ts'
import { DEFAULT_PRIORITY } from '../../../shared/contract/priority.ts'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { type GenerationItem, isTerminal } from '../../../shared/stores/generations.ts'
import type { ApiContext } from '../context.ts'
import { type Api, apiKeySecurity, json, jsonBody, problems } from '../route.ts'
import { acceptGeneration } from './accept-generation.ts'
import { findGeneration } from './find-generation.ts'
import { viewGeneration } from './view-generation.ts'

export const addExtendGeneration = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'post',
    path: '/v1/generations/{id}/extend',
    summary: 'Go on with a search that spent its budget',
    description:
      'A new generation, held and billed for its own NFEs, that begins with the images, lanes and noise of the one it extends: nothing is evaluated twice, and its best is never worse. Prompt, counts, pack, search, seed and outputs stay; an extension can be extended again. 409 unless the search ended because its budget was spent.',
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
    const by = { accountId: context.get('accountId'), key: context.get('key'), draw: context.get('draw') }
    const { priority = extended.priority ?? DEFAULT_PRIORITY, ...said } = context.req.valid('json')
    const request = { ...requestOf(extended), ...said, priority }
    const accepted = await acceptGeneration(api, by, request, { extends: extensionOf(extended) })
    return context.json(await viewGeneration(api, accepted), 202, { location: `/v1/generations/${accepted.id}` })
  })
}

const extensionOf = ({
  id,
  status,
  stop_reason,
  checkpoint,
}: GenerationItem): NonNullable<GenerationItem['extends']> => {
  if (checkpoint !== undefined) return { generation_id: id, checkpoint }
  const why = isTerminal(status)
    ? `it ended as ${status}, for ${stop_reason ?? 'no reason of the search'}`
    : `it is ${status}`
  throw new ProblemError('not_extendable', `Only a search that spent its budget can go on; ${why}.`)
}

/** What the new generation has in common with the one it extends. */
const requestOf = (
  extended: GenerationItem,
): Omit<GenerationRequest, 'nfe_budget' | 'priority' | 'metadata' | 'retention_seconds'> => ({
  prompt: extended.prompt,
  reward: { name: 'count', counts: { ...extended.counts } },
  pack: extended.pack,
  search: extended.search,
  seed: extended.seed,
  n_outputs: extended.n_outputs ?? 1,
  format: extended.format ?? 'png',
  previews: extended.previews ?? false,
})

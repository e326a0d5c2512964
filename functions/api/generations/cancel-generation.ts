/** POST /v1/generations/{id}/cancel: stop it, deliver the best so far, charge for what was used. */
import { createRoute, z } from '@hono/zod-openapi'
import { type Generation, generationSchema } from '../../../shared/contract/generation.ts'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { cancelGeneration } from '../../../shared/stores/cancel-generation.ts'
import { completeGeneration } from '../../../shared/stores/complete-generation.ts'
import { getGeneration } from '../../../shared/stores/generations.ts'
import type { ApiContext } from '../context.ts'
import { type Api, apiKeySecurity, json, problems } from '../route.ts'
import { viewGeneration } from './view-generation.ts'

export const addCancelGeneration = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'post',
    path: '/v1/generations/{id}/cancel',
    summary: 'Cancel a generation',
    description:
      'One that no runner has begun ends at once and is free (200). One at work stops within about a second, after the candidates it is evaluating: its best so far is delivered and what it used is charged (202; it may still end otherwise if it was about to). Canceling a canceled generation again changes nothing (200); one that ended otherwise is refused (409).',
    security: apiKeySecurity,
    request: { params: z.object({ id: z.string().max(64) }) },
    responses: {
      200: json(generationSchema, 'Canceled'),
      202: json(generationSchema, 'Its runner was told; the generation ends soon'),
      ...problems,
    },
  })
  app.openapi(route, async (context) => {
    const { id } = context.req.valid('param')
    const { generation, ended } = await cancel(api, { accountId: context.get('accountId'), generationId: id })
    return context.json(generation, ended ? 200 : 202)
  })
}

const cancel = async (
  api: ApiContext,
  named: { accountId: string; generationId: string },
): Promise<{ generation: Generation; ended: boolean }> => {
  const now = api.now()
  const outcome = await cancelGeneration(api.table, { ...named, now, reviewAt: now + api.reviewMs })
  switch (outcome.kind) {
    case 'unknown':
      throw new ProblemError('not_found', `This account has no generation ${named.generationId}.`)
    case 'had ended': {
      const { status } = outcome.generation
      if (status !== 'canceled')
        throw new ProblemError('already_ended', `The generation has ended: ${status}. There is nothing left to cancel.`)
      return { generation: await viewGeneration(api, outcome.generation), ended: true }
    }
    case 'asked its runner':
      return { generation: await viewGeneration(api, outcome.generation), ended: false }
    case 'ended here': {
      await completeGeneration(api, outcome.generation)
      const settled = (await getGeneration(api.table, named)) ?? outcome.generation
      return { generation: await viewGeneration(api, settled), ended: true }
    }
  }
}

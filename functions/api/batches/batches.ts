/** /v1/batches: many generations in one request, on one shared budget: create, list, get, results, cancel. */
import { createRoute, z } from '@hono/zod-openapi'
import { type Batch, batchResultSchema, batchSchema } from '../../../shared/contract/batch.ts'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { hasExpired } from '../../../shared/domain/retention.ts'
import { type BatchItem, findBatch, listBatches } from '../../../shared/stores/batches.ts'
import { cancelGeneration } from '../../../shared/stores/cancel-generation.ts'
import { completeGeneration } from '../../../shared/stores/complete-generation.ts'
import { expandBatch } from '../../../shared/stores/expand-batch.ts'
import type { ApiContext } from '../context.ts'
import { viewGeneration } from '../generations/view-generation.ts'
import { fromCursor, pageQuery, pageSchema, toCursor } from '../http/page.ts'
import { type Api, apiKeySecurity, json, problems } from '../route.ts'
import { acceptBatch } from './accept-batch.ts'
import { readBatch } from './read-batch.ts'
import { linesOf, viewBatch } from './view-batch.ts'

const params = z.object({ id: z.string().max(64) })
/** The name that is registered nowhere and used everywhere; `application/jsonl` is understood too. */
const JSON_LINES: string = 'application/x-ndjson'
const TAKEN = new Set([JSON_LINES, 'application/jsonl'])

export const addBatches = (app: Api, api: ApiContext): void => {
  addCreate(app, api)
  addList(app, api)
  addGet(app, api)
  addResults(app, api)
  addCancel(app, api)
}

const addCreate = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'post',
    path: '/v1/batches',
    summary: 'Many generations at once, on one shared budget',
    description:
      'JSON Lines: each line is the body of a generation, with an `id` of yours if you like. Lines without `nfe_budget` share equally what the others leave of the budget in the query. All lines are held in one act, or the batch is refused; each is settled alone, and what it does not use is refunded. Faults are told by line, counted from 0: `/3/prompt`.',
    security: apiKeySecurity,
    request: {
      query: z.strictObject({
        nfe_budget: z.coerce.number().int().min(1).max(100_000_000).optional().openapi({
          description: 'NFEs of all lines together; not needed when each line names its own',
        }),
      }),
      body: { required: true, content: { [JSON_LINES]: { schema: z.string() } } },
    },
    responses: { 202: json(batchSchema, 'Accepted: every line is held'), ...problems },
  })
  app.openapi(route, async (context) => {
    refuseOtherType(context.req.header('content-type'))
    const by = { accountId: context.get('accountId'), key: context.get('key'), draw: context.get('draw') }
    const { nfe_budget: budget } = context.req.valid('query')
    const lines = readBatch(await context.req.text(), { webhooks: api.webhooks, budget })
    const batch = await acceptBatch(api, by, lines)
    return context.json(await viewBatch(api, batch), 202, { location: `/v1/batches/${batch.id}` })
  })
}

const refuseOtherType = (header = ''): void => {
  const type = header.split(';')[0]?.trim().toLowerCase() ?? ''
  if (!TAKEN.has(type))
    throw new ProblemError('unsupported_media_type', `A batch is ${JSON_LINES}, one generation a line.`)
}

const addList = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'get',
    path: '/v1/batches',
    summary: 'The batches of this account, newest first',
    security: apiKeySecurity,
    request: { query: z.strictObject(pageQuery) },
    responses: { 200: json(pageSchema(batchSchema), 'A page of batches'), ...problems },
  })
  app.openapi(route, async (context) => {
    const { limit, cursor } = context.req.valid('query')
    const after = fromCursor(cursor, 'batch')
    const accountId = context.get('accountId')
    const { items, next } = await listBatches(api.table, { accountId, limit, ...(after !== undefined && { after }) })
    const data = await Promise.all(items.map((batch) => viewBatch(api, batch)))
    return context.json({ object: 'list' as const, data, next_cursor: toCursor(next) }, 200)
  })
}

const addGet = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'get',
    path: '/v1/batches/{id}',
    summary: 'How far a batch is, and what it costs',
    security: apiKeySecurity,
    request: { params },
    responses: { 200: json(batchSchema, 'The batch'), ...problems },
  })
  app.openapi(route, async (context) => {
    const batch = await existing(api, context.get('accountId'), context.req.valid('param').id)
    return context.json(await viewBatch(api, batch), 200)
  })
}

const addResults = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'get',
    path: '/v1/batches/{id}/results',
    summary: 'The generation of each line, in the order of the request',
    description: 'JSON Lines, at any time: lines that have not ended stand as they are.',
    operationId: 'getBatchResults',
    security: apiKeySecurity,
    request: { params },
    responses: {
      200: { description: 'JSON Lines: one of these a line', content: { [JSON_LINES]: { schema: batchResultSchema } } },
      ...problems,
    },
  })
  app.openapi(route, async (context) => {
    const batch = await existing(api, context.get('accountId'), context.req.valid('param').id)
    const items = new Map((await linesOf(api, batch)).map((item) => [item.id, item]))
    const rows = await Promise.all(
      batch.lines.map(async ({ id, generation_id }, line) => {
        const item = items.get(generation_id)
        const gone = item === undefined || 'deleted_at' in item || hasExpired(item, api.now())
        const result: z.infer<typeof batchResultSchema> = {
          line,
          id: id ?? null,
          generation_id,
          generation: gone ? null : await viewGeneration(api, item),
        }
        return JSON.stringify(result)
      }),
    )
    return new Response(`${rows.join('\n')}\n`, { headers: { 'content-type': JSON_LINES } })
  })
}

const addCancel = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'post',
    path: '/v1/batches/{id}/cancel',
    summary: 'Cancel every line that has not ended',
    description:
      'Each as a generation is canceled: free when it had not begun, else its best so far, billed for what was used.',
    security: apiKeySecurity,
    request: { params },
    responses: { 202: json(batchSchema, 'Every open line is canceled or about to be'), ...problems },
  })
  app.openapi(route, async (context) => {
    const batch = await existing(api, context.get('accountId'), context.req.valid('param').id)
    // A line that is not made yet would be made after it was canceled.
    await expandBatch(api, batch)
    return context.json(await cancelLines(api, batch), 202)
  })
}

/** One after the other: each that ends here is settled on the account's one item. */
const cancelLines = async (api: ApiContext, batch: BatchItem): Promise<Batch> => {
  for (const { generation_id: generationId } of batch.lines) {
    const now = api.now()
    const named = { accountId: batch.account_id, generationId }
    const outcome = await cancelGeneration(api.table, { ...named, now, reviewAt: now + api.reviewMs })
    if (outcome.kind === 'ended here') await completeGeneration(api, outcome.generation)
  }
  return viewBatch(api, batch)
}

const existing = async (api: ApiContext, accountId: string, id: string): Promise<BatchItem> => {
  const found = await findBatch(api.table, { accountId, batchId: id })
  if (found.kind !== 'written') throw new ProblemError('not_found', `This account has no batch ${id}.`)
  return found.batch
}

/**
 * What every operation shares, said once and added to all: the refusals a client can meet, the headers that go with a write,
 * names for operations and for schemas that come again. Routes say only what is their own.
 */
import { PROBLEMS } from '../../../shared/contract/problem.ts'
import type { Api } from '../route.ts'
import { codeSamples } from './code-samples.ts'
import { EXAMPLES } from './examples.ts'
import { camel, type Method, operationIdOf } from './operation-id.ts'

export type Document = ReturnType<Api['getOpenAPI31Document']>
type Operation = NonNullable<NonNullable<Document['paths']>[string]['get']>
type Json = { [key: string]: unknown }

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const satisfies Method[]

/** Changes the document in place. */
export const completeDocument = (document: Document): Document => {
  for (const [path, item] of Object.entries(document.paths ?? {}))
    for (const method of METHODS) {
      const operation = item[method]
      if (operation !== undefined) completeOperation(operation, { path, method })
    }
  // The receiver of a webhook checks a signature; it has none of our keys.
  for (const [name, item] of Object.entries(document.webhooks ?? {}))
    if ('post' in item && item.post !== undefined) {
      item.post.security ??= []
      item.post.operationId ??= camel(['on', ...name.split(/[._]/)])
    }
  document.components = {
    ...document.components,
    parameters: { ...document.components?.parameters, ...PARAMETERS },
    headers: { ...document.components?.headers, ...HEADERS },
    responses: { ...document.components?.responses, ...problemResponses(document) },
  }
  nameSchemas(document)
  return document
}

interface Place {
  readonly path: string
  readonly method: Method
}

const completeOperation = (operation: Operation, place: Place): void => {
  operation.operationId ??= operationIdOf(place.method, place.path)
  operation.tags ??= [tagOf(place.path)]
  const writes = place.method !== 'get'
  const admin = place.path.startsWith('/v1/admin/')
  const added = [
    ...(place.method === 'post' && place.path !== '/v1/quotes' ? [parameterRef('IdempotencyKey')] : []),
    ...(WAITING.has(`${place.method} ${place.path}`) ? [parameterRef('PreferWait')] : []),
  ]
  if (added.length > 0) operation.parameters = [...(operation.parameters ?? []), ...added]
  const responses = operation.responses ?? {}
  operation.responses = responses
  for (const [status, response] of Object.entries(responses))
    if (writes && !admin && status.startsWith('2') && 'description' in response)
      response.headers = { ...response.headers, ...WRITE_HEADERS }
  for (const status of refusalsOf(operation, place))
    responses[status] ??= { $ref: `#/components/responses/Problem${status}` }
  const body = operation.requestBody
  const example = EXAMPLES[`${place.method} ${place.path}`]
  if (example !== undefined && body !== undefined && 'content' in body)
    for (const content of Object.values(body.content)) content.example ??= example
  Object.assign(operation, {
    'x-codeSamples': codeSamples({
      ...place,
      operationId: operation.operationId,
      redirects: '302' in responses,
      open: operation.security?.length === 0,
      ...(body !== undefined && {
        body: example,
        contentType: 'content' in body ? Object.keys(body.content)[0] : undefined,
      }),
    }),
  })
}

const WAITING: ReadonlySet<string> = new Set([
  'post /v1/generations',
  'get /v1/generations/{id}',
  'post /v1/generations/{id}/extend',
])

/** Statuses that the path, the method and the body make possible. */
const refusalsOf = (operation: Operation, { path, method }: Place): number[] => {
  const admin = path.startsWith('/v1/admin/')
  const open = operation.security?.length === 0
  const body = operation.requestBody !== undefined
  const statuses: [number, boolean][] = [
    [400, body || method === 'post'],
    [401, !open],
    [402, COSTS.has(path) && method === 'post'],
    [403, !admin && !open],
    [404, path.includes('{')],
    [409, method === 'post' || path.includes('/invoices/') || (method === 'delete' && path === '/v1/generations/{id}')],
    [410, open],
    [413, body],
    [415, body],
    [422, true],
    [429, method !== 'get' && !admin],
    [500, true],
    [503, true],
  ]
  return statuses.filter(([, possible]) => possible).map(([status]) => status)
}

/** Where money is held. */
const COSTS: ReadonlySet<string> = new Set([
  '/v1/generations',
  '/v1/generations/{id}/extend',
  '/v1/batches',
  '/v1/quotes',
])

const TAGS: Readonly<Record<string, string>> = {
  generations: 'Generations',
  batches: 'Generations',
  quotes: 'Generations',
  shares: 'Generations',
  packs: 'Packs and prices',
  'price-lists': 'Packs and prices',
  keys: 'Account',
  account: 'Account',
  admin: 'Administration',
}

const tagOf = (path: string): string => TAGS[path.split('/')[2] ?? ''] ?? 'Webhooks'

const parameterRef = (name: keyof typeof PARAMETERS) => ({ $ref: `#/components/parameters/${name}` })

const PARAMETERS = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'Yours, one for each thing to be done, such as a UUID. Sent again within a day with the same body, the first answer comes back, marked `Idempotent-Replayed: true`, and nothing is done twice.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!#-~]+$' },
  },
  PreferWait: {
    name: 'Prefer',
    in: 'header',
    required: false,
    description: '`wait=20`: answer when it has ended, or after so many seconds as it then stands.',
    schema: { type: 'string' },
    example: 'wait=20',
  },
} as const

const HEADERS = {
  RateLimit: {
    description: 'What is left of the policy, and seconds until it begins anew: `"writes";r=598;t=41`',
    schema: { type: 'string' },
  },
  RateLimitPolicy: {
    description: 'Writes of this account a minute: `"writes";q=600;w=60`',
    schema: { type: 'string' },
  },
  RetryAfter: { description: 'Seconds to wait before the next try', schema: { type: 'integer' } },
} as const

const WRITE_HEADERS = {
  RateLimit: { $ref: '#/components/headers/RateLimit' },
  'RateLimit-Policy': { $ref: '#/components/headers/RateLimitPolicy' },
}

/** One response a status, with the codes that come with it. */
const problemResponses = ({ paths }: Document) => {
  const operations = Object.values(paths ?? {}).flatMap((item) => METHODS.map((method) => item[method]))
  const statuses = new Set(operations.flatMap((operation) => Object.keys(operation?.responses ?? {})).map(Number))
  const refused = [...statuses].filter((status) => status >= 400)
  return Object.fromEntries(refused.map((status) => [`Problem${status}`, problemResponse(status)]))
}

const problemResponse = (status: number) => {
  const codes = Object.entries(PROBLEMS).filter(([, problem]) => problem.status === status)
  const waits = codes.some(([, { retryable }]) => retryable)
  return {
    description: codes.map(([code, { title }]) => `\`${code}\`: ${title}.`).join(' '),
    ...(waits && { headers: { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } }),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
}

/** Puts a reference wherever a registered schema stands written out. */
const nameSchemas = (document: Document): void => {
  const names = new Map(
    Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => [JSON.stringify(schema), name]),
  )
  const replace = (node: unknown, own: boolean): unknown => {
    if (typeof node !== 'object' || node === null) return node
    const name = own ? undefined : names.get(JSON.stringify(node))
    if (name !== undefined) return { $ref: `#/components/schemas/${name}` }
    if (Array.isArray(node)) return node.map((each) => replace(each, false))
    return Object.fromEntries(Object.entries(node as Json).map(([key, each]) => [key, replace(each, false)]))
  }
  document.paths = replace(document.paths, false) as NonNullable<Document['paths']>
  if (document.webhooks !== undefined)
    document.webhooks = replace(document.webhooks, false) as NonNullable<Document['webhooks']>
  const schemas = Object.entries(document.components?.schemas ?? {})
  document.components = {
    ...document.components,
    schemas: Object.fromEntries(schemas.map(([name, schema]) => [name, replace(schema, true) as typeof schema])),
  }
}

/** The keys of an account: issue, list, change, rotate, revoke. For the account itself, and for the administration. */
import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import {
  changeKeyRequestSchema,
  issuedKeySchema,
  keySchema,
  newKeyRequestSchema,
  rotateKeyRequestSchema,
} from '../../../shared/contract/key.ts'
import { ProblemError } from '../../../shared/contract/problem.ts'
import type { Account } from '../../../shared/stores/accounts.ts'
import { type ApiKey, changeApiKey, getApiKey, listApiKeys, type NamedKey } from '../../../shared/stores/api-keys.ts'
import { accountOf, type Books, booksAt } from '../accounts/books.ts'
import type { ApiContext, ApiEnv } from '../context.ts'
import { type Api, json, jsonBody, problems } from '../route.ts'
import { drawSecret, issueKey, viewKeys } from './issue-key.ts'
import { powersOf, refuseBeyondPowers, refuseBeyondReach } from './key-powers.ts'
import { rotateSecrets } from './rotate-secrets.ts'

const KEYS = booksAt('/v1/keys', '/v1/admin/accounts/{id}/keys')

export const addKeys = (app: Api, api: ApiContext): void => {
  for (const keys of KEYS) for (const add of [addIssue, addRead, addChange, addRevoke, addRotate]) add(app, api, keys)
}

const keyParams = ({ params }: Books) => params.extend({ key_id: z.string().max(64) })

/** The key that asks; the administration's is none of an account. */
const askingKey = (context: Context<ApiEnv>): ApiKey | undefined => context.get('key')

const addIssue = (app: Api, api: ApiContext, { root, params, common }: Books): void => {
  const route = createRoute({
    ...common,
    method: 'post',
    path: root,
    summary: 'Issue another key; its secret is shown here only',
    description: 'A key gives what it may do itself, and no more; one with a cap for a day or a month issues none.',
    request: { params, body: jsonBody(newKeyRequestSchema) },
    responses: { 201: json(issuedKeySchema, 'The key and its secret'), ...problems },
  })
  app.openapi(route, async (context) => {
    const account = await accountOf(api, context)
    const request = context.req.valid('json')
    checkSettings(api, request)
    refuseBeyondReach(askingKey(context))
    refuseBeyondPowers(askingKey(context), powersOf(request))
    return context.json(await issueKey(api, { account, request, draw: context.get('draw') }), 201)
  })
}

const addRead = (app: Api, api: ApiContext, keys: Books): void => {
  const list = createRoute({
    ...keys.common,
    method: 'get',
    path: keys.root,
    summary: 'Every key of an account, revoked and expired ones too, oldest first',
    request: { params: keys.params },
    responses: { 200: json(z.strictObject({ data: z.array(keySchema) }), 'The keys'), ...problems },
  })
  app.openapi(list, async (context) => {
    const account = await accountOf(api, context)
    return context.json({ data: await viewKeys(api, account, await listApiKeys(api.table, account.id)) }, 200)
  })
  const get = createRoute({
    ...keys.common,
    method: 'get',
    path: `${keys.root}/{key_id}`,
    summary: 'A key: what it may do, what it has used, when it was used last',
    request: { params: keyParams(keys) },
    responses: { 200: json(keySchema, 'The key'), ...problems },
  })
  app.openapi(get, async (context) => {
    const named = await namedKey(api, context)
    return context.json(await view(api, named, await getApiKey(api.table, named)), 200)
  })
}

const addChange = (app: Api, api: ApiContext, keys: Books): void => {
  const route = createRoute({
    ...keys.common,
    method: 'patch',
    path: `${keys.root}/{key_id}`,
    summary: 'Change what a key may do, from the next request on',
    request: { params: keyParams(keys), body: jsonBody(changeKeyRequestSchema) },
    responses: { 200: json(keySchema, 'The key as it is now'), ...problems },
  })
  app.openapi(route, async (context) => {
    const named = await namedKey(api, context)
    const { expires_at, ...request } = context.req.valid('json')
    checkSettings(api, { ...request, expires_at })
    const set = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined))
    const until = expires_at === undefined ? {} : { expires_at: expires_at === null ? null : Date.parse(expires_at) }
    const changed = await changeApiKey(api.table, named, (key) => {
      const next = { ...refuseOutOfReach(context, key), ...set, ...until }
      refuseBeyondPowers(askingKey(context), next)
      return next
    })
    return context.json(await view(api, named, changed), 200)
  })
}

const addRevoke = (app: Api, api: ApiContext, keys: Books): void => {
  const route = createRoute({
    ...keys.common,
    method: 'delete',
    path: `${keys.root}/{key_id}`,
    summary: 'Revoke a key at once, all its secrets',
    request: { params: keyParams(keys) },
    responses: { 204: { description: 'The key opens nothing any more' }, ...problems },
  })
  app.openapi(route, async (context) => {
    const named = await namedKey(api, context)
    const revoked_at = api.now()
    // Revoked again it stays revoked since the first time. Any key may: what was leaked must be closed by whoever sees it.
    const revoked = await changeApiKey(api.table, named, (key) => ({
      ...key,
      revoked_at: key.revoked_at ?? revoked_at,
    }))
    if (revoked === undefined) throw noKey(named)
    return context.body(null, 204)
  })
}

const addRotate = (app: Api, api: ApiContext, keys: Books): void => {
  const route = createRoute({
    ...keys.common,
    method: 'post',
    path: `${keys.root}/{key_id}/rotate`,
    summary: 'Make a new secret of a key; the old one opens the account for the overlap',
    description:
      'The key keeps its id, scopes, caps and what counts against them. With overlap_seconds 0 the old secrets end at once.',
    request: { params: keyParams(keys), body: jsonBody(rotateKeyRequestSchema) },
    responses: { 200: json(issuedKeySchema, 'The key and its new secret, shown here only'), ...problems },
  })
  app.openapi(route, async (context) => {
    const named = await namedKey(api, context)
    const { overlap_seconds } = context.req.valid('json')
    const { apiKey, secret } = drawSecret(api, context.get('draw'))
    const rotated = await changeApiKey(api.table, named, (key) => ({
      ...refuseOutOfReach(context, key),
      secrets: rotateSecrets(key.secrets, { fresh: secret, now: api.now(), overlapMs: overlap_seconds * 1000 }),
    }))
    const shown = await view(api, named, rotated)
    const created_at = new Date(secret.created_at).toISOString()
    return context.json({ key_id: named.keyId, api_key: apiKey, created_at, key: shown }, 200)
  })
}

const namedKey = async (api: ApiContext, context: Context<ApiEnv>): Promise<NamedKey & { account: Account }> => {
  const account = await accountOf(api, context)
  return { account, accountId: account.id, keyId: context.req.param('key_id') ?? '' }
}

const view = async (api: ApiContext, named: NamedKey & { account: Account }, key: ApiKey | undefined) => {
  if (key === undefined) throw noKey(named)
  const [shown] = await viewKeys(api, named.account, [key])
  if (shown === undefined) throw new Error('one key, no view')
  return shown
}

const noKey = ({ accountId, keyId }: NamedKey) =>
  new ProblemError('not_found', `The account ${accountId} has no key ${keyId}.`)

/** The key as it stands, when it lives and the key that asks may act on it. */
const refuseOutOfReach = (context: Context<ApiEnv>, key: ApiKey): ApiKey => {
  if (key.revoked_at !== null) throw new ProblemError('key_revoked', 'The key is revoked; issue another.')
  refuseBeyondReach(askingKey(context), key)
  refuseBeyondPowers(askingKey(context), key)
  return key
}

/** A pack that does not exist or an expiry in the past would make a key that opens nothing. */
const checkSettings = (
  api: ApiContext,
  { packs, expires_at }: { packs?: readonly string[] | null | undefined; expires_at?: string | null | undefined },
): void => {
  const errors = (packs ?? []).flatMap((pack, index) =>
    api.packs.has(pack) ? [] : [{ pointer: `/packs/${index}`, detail: `there is no pack ${pack}` }],
  )
  if (expires_at != null && Date.parse(expires_at) <= api.now())
    errors.push({ pointer: '/expires_at', detail: 'is in the past' })
  if (errors.length > 0)
    throw new ProblemError('invalid_request', errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; '), {
      errors,
    })
}

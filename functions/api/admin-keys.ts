/** Routes of the administration key for the keys of an account: issue, list, change, rotate, revoke. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  changeKeyRequestSchema,
  issuedKeySchema,
  keySchema,
  newKeyRequestSchema,
  rotateKeyRequestSchema,
} from '../../shared/contract/key.ts'
import { ProblemError } from '../../shared/contract/problem.ts'
import { type Account, getAccount } from '../../shared/stores/accounts.ts'
import { type ApiKey, changeApiKey, getApiKey, listApiKeys } from '../../shared/stores/api-keys.ts'
import type { ApiContext } from './context.ts'
import { drawSecret, issueKey, viewKeys } from './issue-key.ts'
import { rotateSecrets } from './rotate-secrets.ts'
import { type Api, adminKeySecurity, json, jsonBody, problems } from './route.ts'

const accountParams = z.object({ id: z.string().max(64) })
const keyParams = accountParams.extend({ key_id: z.string().max(64) })
const KEY_PATH = '/v1/admin/accounts/{id}/keys/{key_id}'
const common = { security: adminKeySecurity, tags: ['Administration'] }

export const addAdminKeys = (app: Api, api: ApiContext): void => {
  addIssue(app, api)
  addRead(app, api)
  addChange(app, api)
  addRotate(app, api)
}

const addIssue = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    ...common,
    method: 'post',
    path: '/v1/admin/accounts/{id}/keys',
    summary: 'Issue another key; its secret is shown here only',
    request: { params: accountParams, body: jsonBody(newKeyRequestSchema) },
    responses: { 201: json(issuedKeySchema, 'The key and its secret'), ...problems },
  })
  app.openapi(route, async (context) => {
    const account = await existing(api, context.req.valid('param').id)
    const request = context.req.valid('json')
    checkSettings(api, request)
    return context.json(await issueKey(api, { account, request, draw: context.get('draw') }), 201)
  })
}

const addRead = (app: Api, api: ApiContext): void => {
  const list = createRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/accounts/{id}/keys',
    summary: 'Every key of an account, revoked and expired ones too, oldest first',
    request: { params: accountParams },
    responses: { 200: json(z.strictObject({ data: z.array(keySchema) }), 'The keys'), ...problems },
  })
  app.openapi(list, async (context) => {
    const account = await existing(api, context.req.valid('param').id)
    return context.json({ data: await viewKeys(api, account, await listApiKeys(api.table, account.id)) }, 200)
  })
  const get = createRoute({
    ...common,
    method: 'get',
    path: KEY_PATH,
    summary: 'A key: what it may do, what it has used, when it was used last',
    request: { params: keyParams },
    responses: { 200: json(keySchema, 'The key'), ...problems },
  })
  app.openapi(get, async (context) => {
    const { id, key_id: keyId } = context.req.valid('param')
    return context.json(await view(api, id, await getApiKey(api.table, { accountId: id, keyId })), 200)
  })
}

const addChange = (app: Api, api: ApiContext): void => {
  const change = createRoute({
    ...common,
    method: 'patch',
    path: KEY_PATH,
    summary: 'Change what a key may do, from the next request on',
    request: { params: keyParams, body: jsonBody(changeKeyRequestSchema) },
    responses: { 200: json(keySchema, 'The key as it is now'), ...problems },
  })
  app.openapi(change, async (context) => {
    const { id, key_id: keyId } = context.req.valid('param')
    const { expires_at, ...request } = context.req.valid('json')
    checkSettings(api, { ...request, expires_at })
    const set = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined))
    const until = expires_at === undefined ? {} : { expires_at: expires_at === null ? null : Date.parse(expires_at) }
    const changed = await changeApiKey(api.table, { accountId: id, keyId }, (key) => ({
      ...refuseRevoked(key),
      ...set,
      ...until,
    }))
    return context.json(await view(api, id, changed), 200)
  })
  const revoke = createRoute({
    ...common,
    method: 'delete',
    path: KEY_PATH,
    summary: 'Revoke a key at once, all its secrets',
    request: { params: keyParams },
    responses: { 204: { description: 'The key opens nothing any more' }, ...problems },
  })
  app.openapi(revoke, async (context) => {
    const { id, key_id: keyId } = context.req.valid('param')
    const revoked_at = api.now()
    // Revoked again it stays revoked since the first time.
    const revoked = await changeApiKey(api.table, { accountId: id, keyId }, (key) => ({
      ...key,
      revoked_at: key.revoked_at ?? revoked_at,
    }))
    if (revoked === undefined) throw noKey(id, keyId)
    return context.body(null, 204)
  })
}

const addRotate = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    ...common,
    method: 'post',
    path: `${KEY_PATH}/rotate`,
    summary: 'Make a new secret of a key; the old one opens the account for the overlap',
    description:
      'The key keeps its id, scopes, caps and what counts against them. With overlap_seconds 0 the old secrets end at once.',
    request: { params: keyParams, body: jsonBody(rotateKeyRequestSchema) },
    responses: { 200: json(issuedKeySchema, 'The key and its new secret, shown here only'), ...problems },
  })
  app.openapi(route, async (context) => {
    const { id, key_id: keyId } = context.req.valid('param')
    const { overlap_seconds } = context.req.valid('json')
    const { apiKey, secret } = drawSecret(api, context.get('draw'))
    const rotated = await changeApiKey(api.table, { accountId: id, keyId }, (key) => ({
      ...refuseRevoked(key),
      secrets: rotateSecrets(key.secrets, { fresh: secret, now: api.now(), overlapMs: overlap_seconds * 1000 }),
    }))
    const shown = await view(api, id, rotated)
    const created_at = new Date(secret.created_at).toISOString()
    return context.json({ key_id: keyId, api_key: apiKey, created_at, key: shown }, 200)
  })
}

const existing = async (api: ApiContext, accountId: string): Promise<Account> => {
  const account = await getAccount(api.table, accountId)
  if (account === undefined) throw new ProblemError('not_found', `There is no account ${accountId}.`)
  return account
}

const view = async (api: ApiContext, accountId: string, key: ApiKey | undefined) => {
  if (key === undefined) throw new ProblemError('not_found', `The account ${accountId} has no such key.`)
  const [shown] = await viewKeys(api, await existing(api, accountId), [key])
  if (shown === undefined) throw new Error('one key, no view')
  return shown
}

const noKey = (accountId: string, keyId: string) =>
  new ProblemError('not_found', `The account ${accountId} has no key ${keyId}.`)

const refuseRevoked = (key: ApiKey): ApiKey => {
  if (key.revoked_at !== null) throw new ProblemError('key_revoked', 'The key is revoked; issue another.')
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

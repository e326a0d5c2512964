/** Who is asking: `Authorization: Bearer <key>`. The key is hashed with the pepper and looked up; it is stored nowhere. */
import { createMiddleware } from 'hono/factory'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { hashApiKey, type KeyKind, parseApiKey, sameHash } from '../../../shared/domain/api-key.ts'
import { type FoundKey, findApiKey, noteUse } from '../../../shared/stores/api-keys.ts'
import type { ApiContext, ApiEnv } from '../context.ts'
import { scopeFor } from './scopes.ts'

const SCHEME = /^Bearer ([\x21-\x7e]+)$/i

/** How old the note of a key's last use may get before it is written again. */
const NOTE_USE_EVERY_MS = 60_000

const presentedKey = (header: string | undefined, kind: KeyKind): string => {
  const key = SCHEME.exec(header ?? '')?.[1]
  if (key === undefined)
    throw new ProblemError('unauthorized', 'Send the API key in the header "Authorization: Bearer <key>".')
  const found = parseApiKey(key)
  if (found === undefined) throw new ProblemError('unauthorized', 'The key is mistyped: its checksum does not match.')
  if (found !== kind) throw new ProblemError('unauthorized', `This route takes a key that begins with ${kind}_.`)
  return key
}

/** Lets an account's live key pass that has the scope of the route; leaves the account's id and the key. */
export const authenticateAccount = (api: ApiContext) =>
  createMiddleware<ApiEnv>(async (context, next) => {
    const presented = presentedKey(context.req.header('authorization'), 'rk')
    const found = await findApiKey(api.table, hashApiKey(presented, api.keyPepper))
    if (found === undefined) throw new ProblemError('unauthorized', 'No account has this key.')
    refuseDead(found, api.now())
    const { key } = found
    const scope = scopeFor(context.req.method, context.req.path)
    if (scope !== undefined && !key.scopes.includes(scope))
      throw new ProblemError('forbidden', `The key "${key.name}" lacks the scope ${scope}.`, {
        members: { required_scope: scope },
      })
    context.set('accountId', key.account_id)
    context.set('key', key)
    const noted = keepNote(api, found)
    await next()
    await noted
  })

const refuseDead = ({ key, secret }: FoundKey, now: number): void => {
  if (key.revoked_at !== null) throw new ProblemError('unauthorized', 'This key was revoked.')
  if (key.expires_at !== null && key.expires_at <= now)
    throw new ProblemError('unauthorized', `This key expired at ${new Date(key.expires_at).toISOString()}.`)
  if (secret.expires_at !== null && secret.expires_at <= now)
    throw new ProblemError(
      'unauthorized',
      `This key was rotated, and this secret ended at ${new Date(secret.expires_at).toISOString()}.`,
    )
}

/** Beside the request, not before it; a note that fails is no reason to refuse what the key may do. */
const keepNote = async (api: ApiContext, { secret, lastUsedAt }: FoundKey): Promise<void> => {
  const now = api.now()
  if (lastUsedAt !== undefined && now - lastUsedAt < NOTE_USE_EVERY_MS) return
  try {
    await noteUse(api.table, { hash: secret.hash, at: now })
  } catch (error) {
    console.error(JSON.stringify({ level: 'warn', where: 'last use of a key', error: String(error) }))
  }
}

/** Lets the administration key pass. */
export const authenticateAdmin = (api: ApiContext) =>
  createMiddleware<ApiEnv>(async (context, next) => {
    const key = presentedKey(context.req.header('authorization'), 'rka')
    if (!sameHash(hashApiKey(key, api.keyPepper), api.adminKeyHash))
      throw new ProblemError('unauthorized', 'This is not the administration key.')
    await next()
  })

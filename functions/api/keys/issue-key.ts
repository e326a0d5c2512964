/** Makes keys and their secrets, and shows keys without them. */
import type { z } from 'zod'
import { type issuedKeySchema, type KeyView, type NewKeyRequest, SCOPES } from '../../../shared/contract/key.ts'
import { formatApiKey, hashApiKey } from '../../../shared/domain/api-key.ts'
import { dayOf, monthOf } from '../../../shared/domain/period.ts'
import type { Account } from '../../../shared/stores/accounts.ts'
import { type ApiKey, type KeySecret, lastUses, putApiKey } from '../../../shared/stores/api-keys.ts'
import { counterName } from '../../../shared/stores/holds.ts'
import type { ApiContext } from '../context.ts'
import type { Draw } from '../http/draw.ts'

/** Characters of a secret that are shown ever after: its kind and four of its 32 random ones. */
const HINT_LENGTH = 7

/** The key an account is opened with: it may do everything. */
export const FIRST_KEY: NewKeyRequest = {
  name: 'First key',
  scopes: [...SCOPES],
  nfe_per_request: null,
  nfe_per_day: null,
  nfe_per_month: null,
  packs: null,
  expires_at: null,
}

/** A new secret, to be shown once, and what is stored of it. */
export const drawSecret = (api: ApiContext, draw: Draw): { apiKey: string; secret: KeySecret } => {
  const apiKey = formatApiKey('rk', draw.bytes(64))
  const hash = hashApiKey(apiKey, api.keyPepper)
  return {
    apiKey,
    secret: { hash, hint: `${apiKey.slice(0, HINT_LENGTH)}...`, created_at: draw.at, expires_at: null },
  }
}

/** Writes a new key. Its id and secret come from the draw, so a request that is made again makes the same key. */
export const issueKey = async (
  api: ApiContext,
  { account, request, draw }: { account: Account; request: NewKeyRequest; draw: Draw },
): Promise<z.infer<typeof issuedKeySchema>> => {
  const id = draw.id('key')
  const { apiKey, secret } = drawSecret(api, draw)
  const key: ApiKey = {
    ...request,
    id,
    account_id: account.id,
    expires_at: request.expires_at === null ? null : Date.parse(request.expires_at),
    secrets: [secret],
    created_at: draw.at,
    revoked_at: null,
    version: 1,
  }
  await putApiKey(api.table, key)
  const [view] = await viewKeys(api, account, [key])
  if (view === undefined) throw new Error('one key, no view')
  return { key_id: id, api_key: apiKey, created_at: view.created_at, key: view }
}

/** Keys as the API shows them, with when they were used and what counts against their caps. */
export const viewKeys = async (api: ApiContext, account: Account, keys: readonly ApiKey[]): Promise<KeyView[]> => {
  const uses = await lastUses(
    api.table,
    keys.flatMap(({ secrets }) => secrets.map(({ hash }) => hash)),
  )
  const now = api.now()
  const [date, month] = [dayOf(now), monthOf(now)]
  return keys.map((key) => {
    const secrets = key.secrets.map(({ hash, hint, created_at, expires_at }) => ({
      hint,
      created_at: isoTime(created_at),
      expires_at: isoTimeOrNull(expires_at),
      last_used_at: isoTimeOrNull(uses.get(hash) ?? null),
    }))
    const lastUse = Math.max(-1, ...key.secrets.map(({ hash }) => uses.get(hash) ?? -1))
    return {
      object: 'key',
      id: key.id,
      account_id: key.account_id,
      name: key.name,
      scopes: [...key.scopes],
      nfe_per_request: key.nfe_per_request,
      nfe_per_day: key.nfe_per_day,
      nfe_per_month: key.nfe_per_month,
      packs: key.packs === null ? null : [...key.packs],
      created_at: isoTime(key.created_at),
      expires_at: isoTimeOrNull(key.expires_at),
      revoked_at: isoTimeOrNull(key.revoked_at),
      last_used_at: lastUse < 0 ? null : isoTime(lastUse),
      secrets,
      usage: {
        day: { date, nfe: account.key_nfe[counterName(key.id, date)] ?? 0 },
        month: { month, nfe: account.key_nfe[counterName(key.id, month)] ?? 0 },
      },
    }
  })
}

const isoTime = (epochMs: number): string => new Date(epochMs).toISOString()
const isoTimeOrNull = (epochMs: number | null): string | null => (epochMs === null ? null : isoTime(epochMs))

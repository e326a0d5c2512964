/** Administration: accounts, credits and keys, with the key `rka_...`. */
import type { z } from 'zod'
import type { AccountView, changeAccountSchema, creditSchema, newAccountSchema } from '../contract/account.ts'
import type { changeKeyRequestSchema, issuedKeySchema, KeyView, newKeyRequestSchema } from '../contract/key.ts'
import type { Page, PageQuery } from './generations.ts'
import { type CallOptions, type ConnectOptions, connect } from './http.ts'

export type NewAccount = z.input<typeof newAccountSchema>
export type AccountChange = z.input<typeof changeAccountSchema>
export type Credit = z.input<typeof creditSchema>
export type NewKey = z.input<typeof newKeyRequestSchema>
export type KeyChange = z.input<typeof changeKeyRequestSchema>
/** `api_key` is shown here and never again. */
export type IssuedKey = z.infer<typeof issuedKeySchema>
export type OpenedAccount = Pick<IssuedKey, 'key_id' | 'api_key' | 'created_at'> & {
  readonly account: AccountView
  readonly webhook_secret: string
}

const ACCOUNTS = '/v1/admin/accounts'
const accountPath = (id: string): string => `${ACCOUNTS}/${encodeURIComponent(id)}`
const keyPath = (accountId: string, keyId: string): string =>
  `${accountPath(accountId)}/keys/${encodeURIComponent(keyId)}`

export type RolloverAdmin = ReturnType<typeof rolloverAdmin>

/** @param options `apiKey` is the administration key. */
export const rolloverAdmin = (options: ConnectOptions) => {
  const api = connect(options)
  return {
    accounts: {
      /** Opens an account with its first key. */
      create: (account: NewAccount, call: CallOptions = {}): Promise<OpenedAccount> =>
        api.json({ method: 'POST', path: ACCOUNTS, body: account, ...call }),
      list: (query: PageQuery = {}, call: CallOptions = {}): Promise<Page<AccountView>> =>
        api.json({ method: 'GET', path: ACCOUNTS, query: { ...query }, ...call }),
      get: (id: string, call: CallOptions = {}): Promise<AccountView> =>
        api.json({ method: 'GET', path: accountPath(id), ...call }),
      change: (id: string, change: AccountChange, call: CallOptions = {}): Promise<AccountView> =>
        api.json({ method: 'PATCH', path: accountPath(id), body: change, ...call }),
      /** Once a credit id, however often it is sent. */
      credit: (id: string, credit: Credit, call: CallOptions = {}): Promise<AccountView> =>
        api.json({ method: 'POST', path: `${accountPath(id)}/credits`, body: credit, ...call }),
    },
    keys: {
      issue: (accountId: string, key: NewKey, call: CallOptions = {}): Promise<IssuedKey> =>
        api.json({ method: 'POST', path: `${accountPath(accountId)}/keys`, body: key, ...call }),
      list: (accountId: string, call: CallOptions = {}): Promise<{ readonly data: readonly KeyView[] }> =>
        api.json({ method: 'GET', path: `${accountPath(accountId)}/keys`, ...call }),
      get: (accountId: string, keyId: string, call: CallOptions = {}): Promise<KeyView> =>
        api.json({ method: 'GET', path: keyPath(accountId, keyId), ...call }),
      change: (of: { accountId: string; keyId: string }, change: KeyChange, call: CallOptions = {}): Promise<KeyView> =>
        api.json({ method: 'PATCH', path: keyPath(of.accountId, of.keyId), body: change, ...call }),
      /** The former secret opens the account for the overlap, a day unless said. */
      rotate: (
        of: { accountId: string; keyId: string },
        rotation: { overlap_seconds?: number } = {},
        call: CallOptions = {},
      ): Promise<IssuedKey> =>
        api.json({ method: 'POST', path: `${keyPath(of.accountId, of.keyId)}/rotate`, body: rotation, ...call }),
      revoke: async (accountId: string, keyId: string, call: CallOptions = {}): Promise<void> => {
        await api.done({ method: 'DELETE', path: keyPath(accountId, keyId), ...call })
      },
    },
  }
}

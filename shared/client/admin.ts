/** Administration: accounts, credits and keys, with the key `rka_...`. */
import type { z } from 'zod'
import type { AccountView, changeAccountSchema, creditSchema, newAccountSchema } from '../contract/account.ts'
import { booksAt } from './books.ts'
import type { Page, PageQuery } from './generations.ts'
import { type CallOptions, type ConnectOptions, connect } from './http.ts'
import { type IssuedKey, keysAt } from './keys.ts'

export type NewAccount = z.input<typeof newAccountSchema>
export type AccountChange = z.input<typeof changeAccountSchema>
export type Credit = z.input<typeof creditSchema>
export type OpenedAccount = Pick<IssuedKey, 'key_id' | 'api_key' | 'created_at'> & {
  readonly account: AccountView
  readonly webhook_secret: string
}

const ACCOUNTS = '/v1/admin/accounts'
const accountPath = (id: string): string => `${ACCOUNTS}/${encodeURIComponent(id)}`

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
    books: (accountId: string) => booksAt(api, accountPath(accountId)),
    keys: (accountId: string) => keysAt(api, `${accountPath(accountId)}/keys`),
  }
}

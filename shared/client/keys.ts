/** The keys of an account: for itself under /v1/keys, for the administration under the account. */
import type { z } from 'zod'
import type { changeKeyRequestSchema, issuedKeySchema, KeyView, newKeyRequestSchema } from '../contract/key.ts'
import type { CallOptions, Connection } from './http.ts'

export type NewKey = z.input<typeof newKeyRequestSchema>
export type KeyChange = z.input<typeof changeKeyRequestSchema>
/** `api_key` is shown here and never again. */
export type IssuedKey = z.infer<typeof issuedKeySchema>

/** @param root path of the list. */
export const keysAt = (api: Connection, root: string) => {
  const at = (id: string): string => `${root}/${encodeURIComponent(id)}`
  return {
    /** A key of an account issues what it may do itself, and no more. */
    issue: (key: NewKey, options: CallOptions = {}): Promise<IssuedKey> =>
      api.json({ method: 'POST', path: root, body: key, ...options }),
    list: (options: CallOptions = {}): Promise<{ readonly data: readonly KeyView[] }> =>
      api.json({ method: 'GET', path: root, ...options }),
    get: (id: string, options: CallOptions = {}): Promise<KeyView> =>
      api.json({ method: 'GET', path: at(id), ...options }),
    change: (id: string, change: KeyChange, options: CallOptions = {}): Promise<KeyView> =>
      api.json({ method: 'PATCH', path: at(id), body: change, ...options }),
    /** The former secret opens the account for the overlap, a day unless said. */
    rotate: (id: string, rotation: { overlap_seconds?: number } = {}, options: CallOptions = {}): Promise<IssuedKey> =>
      api.json({ method: 'POST', path: `${at(id)}/rotate`, body: rotation, ...options }),
    revoke: (id: string, options: CallOptions = {}): Promise<void> =>
      api.done({ method: 'DELETE', path: at(id), ...options }),
  }
}

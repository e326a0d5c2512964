/** Links that show generations without a key: make one, and read what one shows. */
import type { z } from 'zod'
import type { SharedView, ShareView, shareRequestSchema } from '../contract/share.ts'
import { type CallOptions, type Connection, type ConnectOptions, connect } from './http.ts'

export type NewShare = z.input<typeof shareRequestSchema>

export const createShare = (api: Connection, share: NewShare, options: CallOptions = {}): Promise<ShareView> =>
  api.json({ method: 'POST', path: '/v1/shares', body: share, ...options })

/** Needs no key. */
export const readShared = (
  token: string,
  { signal, ...at }: Omit<ConnectOptions, 'apiKey'> & Pick<CallOptions, 'signal'>,
): Promise<SharedView> =>
  connect({ ...at, apiKey: '' }).json({
    method: 'GET',
    path: `/v1/shared/${encodeURIComponent(token)}`,
    ...(signal && { signal }),
  })

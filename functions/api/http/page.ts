/** Pages of a list: a limit, an opaque cursor, and what every list answers with. */
import { z } from '@hono/zod-openapi'
import { refuseFields } from '../generations/check-request.ts'

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(100).default(20).openapi({ description: 'Most things of one page' }),
  cursor: z.string().max(128).optional().openapi({ description: '`next_cursor` of the page before' }),
}

/** @param name of one component of the document. */
export const pageSchema = <Schema extends z.ZodType>(schema: Schema) =>
  z.strictObject({
    object: z.literal('list'),
    data: z.array(schema),
    /** Send it as `cursor` for the next page; null at the end. */
    next_cursor: z.string().nullable(),
  })

export const toCursor = (id: string | undefined): string | null =>
  id === undefined ? null : Buffer.from(id).toString('base64url')

/**
 * Throws `invalid_request` for what no page of this list answered with. It names an id and no account: it can reach no
 * other's things.
 * @param kind how the ids of the list begin: a cursor of another kind of thing is none of it.
 */
export const fromCursor = (cursor: string | undefined, kind: string): string | undefined => {
  if (cursor === undefined) return undefined
  const id = Buffer.from(cursor, 'base64url').toString('latin1')
  if (!new RegExp(`^${kind}_[0-9A-Z]{1,32}$`).test(id) || toCursor(id) !== cursor)
    throw refuseFields([{ pointer: '/cursor', detail: 'not a next_cursor of this list' }])
  return id
}

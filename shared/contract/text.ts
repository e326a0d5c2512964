/**
 * What a client writes in words. Refused is what JSON can carry and many a database behind a client or a webhook cannot keep: NUL,
 * and half a surrogate pair, which is no Unicode.
 */
import { z } from 'zod'

const NUL = '\u0000'

export const textSchema = z
  .string()
  .refine((text) => !text.includes(NUL), 'text must not contain NUL')
  .refine((text) => text.isWellFormed(), 'text must be Unicode: this has half a surrogate pair')

/** For the document: any text, and text with something to read in it. */
export const TEXT_PATTERN = '^[^\\u0000]*$'
export const READABLE_PATTERN = '^[^\\u0000]*\\S[^\\u0000]*$'

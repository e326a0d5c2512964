/** What a client may attach to a generation or a batch: shown wherever it is shown, and never read by the service. */
import { z } from 'zod'
import { TEXT_PATTERN, textSchema } from './text.ts'

export const MAX_METADATA_KEYS = 16
const KEY = /^[A-Za-z0-9_.-]{1,64}$/

export const metadataSchema = z
  .record(
    z.string().regex(KEY, 'a key of 1 to 64 letters, digits, "_", "." and "-"'),
    textSchema.max(256).meta({ pattern: TEXT_PATTERN }),
  )
  .refine((metadata) => Object.keys(metadata).length <= MAX_METADATA_KEYS, `at most ${MAX_METADATA_KEYS} keys`)
  .meta({ maxProperties: MAX_METADATA_KEYS, propertyNames: { pattern: KEY.source } })

export type Metadata = Readonly<Record<string, string>>

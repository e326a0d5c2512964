/**
 * What a pack's `decode` gives: an image or a path. The kind decides the formats that a request may ask for, and nothing else in the API.
 */
import { z } from 'zod'

export const IMAGE_FORMATS = ['png', 'webp', 'jpeg'] as const
export type ImageFormat = (typeof IMAGE_FORMATS)[number]
export const PATH_FORMATS = ['svg', 'json'] as const
export type PathFormat = (typeof PATH_FORMATS)[number]
export const OUTPUT_FORMATS = [...IMAGE_FORMATS, ...PATH_FORMATS] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

export const OUTPUT_CONTENT_TYPES = {
  png: 'image/png',
  webp: 'image/webp',
  jpeg: 'image/jpeg',
  svg: 'image/svg+xml',
  json: 'application/json',
} as const satisfies Record<OutputFormat, string>

const MAX_POINTS = 4096

/**
 * - `image`: [B, 3, H, W] in [-1, 1].
 * - `path`: [B, points, 2], x and y in the unit square, y upwards. The encoder's conditioning says what surrounds it: `ends` [B, 2, 2],
 *   and `obstacles` [B, N, 3], each x, y, radius; a radius of 0 is none.
 */
export const outputKindSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('image') }),
  z.strictObject({ kind: z.literal('path'), points: z.number().int().min(2).max(MAX_POINTS) }),
])
export type OutputOfPack = z.infer<typeof outputKindSchema>
export type OutputKind = OutputOfPack['kind']
export const OUTPUT_KINDS = ['image', 'path'] as const satisfies readonly OutputKind[]

/** The formats of a kind; the first is the one of a request that names none. */
export const FORMATS_OF = {
  image: IMAGE_FORMATS,
  path: PATH_FORMATS,
} as const satisfies Record<OutputKind, readonly OutputFormat[]>

/** `output.json` of a path. */
export const pathFileSchema = z.strictObject({
  points: z
    .array(z.tuple([z.number(), z.number()]))
    .describe('x, y in the unit square, y upwards, from start to goal.'),
  start: z.tuple([z.number(), z.number()]),
  goal: z.tuple([z.number(), z.number()]),
  obstacles: z.array(z.strictObject({ x: z.number(), y: z.number(), radius: z.number() })),
})
export type PathFile = z.infer<typeof pathFileSchema>

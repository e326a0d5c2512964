/** Inputs near valid ones: random text hardly ever gets past a parser's first character. */
import fc from 'fast-check'

/** What parsers stumble over. */
const PIECES = [
  '',
  '\0',
  '\n',
  '\r\n',
  '\r',
  ' ',
  '"',
  "'",
  '\\',
  '\\"',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '=',
  ';',
  '%',
  '%00',
  '%ff',
  '..',
  '../',
  '//',
  '@',
  '#',
  '-',
  '-0',
  '0x7f.1',
  '1e999',
  '-1e999',
  '1e-400',
  '9007199254740993',
  '9'.repeat(400),
  'NaN',
  'null',
  'true',
  '{"__proto__":{"a":1}}',
  '"__proto__"',
  '"constructor"',
  '[['.repeat(50),
  '\u202e',
  '\ufeff',
  '\ud800',
  '\u{1f4a5}',
  'İ',
  'ﬀ',
  'data:',
  'id:',
] as const

type Edit =
  | { readonly kind: 'insert' | 'replace'; readonly at: number; readonly length: number; readonly piece: string }
  | { readonly kind: 'remove' | 'repeat' | 'cut'; readonly at: number; readonly length: number }

const place = { at: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.nat(12) }
const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 4, unit: 'binary' }))
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constantFrom('insert' as const, 'replace' as const), ...place, piece }),
  fc.record({ kind: fc.constantFrom('remove' as const, 'repeat' as const, 'cut' as const), ...place }),
)

const apply = (text: string, change: Edit): string => {
  const at = Math.floor(change.at * (text.length + 1))
  const end = at + change.length
  switch (change.kind) {
    case 'insert':
      return text.slice(0, at) + change.piece + text.slice(at)
    case 'replace':
      return text.slice(0, at) + change.piece + text.slice(end)
    case 'remove':
      return text.slice(0, at) + text.slice(end)
    case 'repeat':
      return text.slice(0, end) + text.slice(at, end).repeat(change.length) + text.slice(end)
    case 'cut':
      return text.slice(0, at)
  }
}

/** A valid text with up to five edits, or, now and then, anything. */
export const mutatedText = (...valid: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .tuple(fc.constantFrom(...valid), fc.array(edit, { maxLength: 5 }))
        .map(([text, edits]) => edits.reduce(apply, text)),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  )

/** The same of bytes. */
export const mutatedBytes = (...valid: readonly Uint8Array[]): fc.Arbitrary<Uint8Array<ArrayBuffer>> =>
  mutatedText(...valid.map((bytes) => Buffer.from(bytes).toString('latin1'))).map((text) =>
    Uint8Array.from(Buffer.from(text, 'latin1')),
  )

/** A JSON value with some of its parts exchanged for any other: what passes JSON.parse and must be refused behind it. */
export const mutatedJson = (...valid: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc
    .tuple(fc.constantFrom(...valid), fc.array(fc.tuple(fc.nat(), odd), { minLength: 0, maxLength: 3 }))
    .map(([value, changes]) => changes.reduce<unknown>((whole, [at, part]) => exchange(whole, at, part), value))

const odd = fc.oneof(
  fc.constantFrom<unknown>(null, true, '', [], {}, -1, 0.5, 1e21, Number.NaN, Number.POSITIVE_INFINITY, '__proto__'),
  fc.constantFrom<unknown>({ toString: 1, valueOf: 1 }, { $array: 'f32', at: 0, length: 1e9 }, { $number: {} }),
  fc.jsonValue({ maxDepth: 2 }),
)

/** Exchanges the n-th part, counted from the root, deep first. */
const exchange = (whole: unknown, n: number, part: unknown): unknown => {
  const places = countParts(whole)
  let left = n % places
  const walk = (value: unknown): unknown => {
    if (left-- === 0) return part
    if (Array.isArray(value)) return value.map(walk)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one)]))
  }
  return walk(whole)
}

const countParts = (value: unknown): number =>
  typeof value !== 'object' || value === null
    ? 1
    : Object.values(value).reduce<number>((sum, one) => sum + countParts(one), 1)

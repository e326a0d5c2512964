/**
 * A search's state as bytes and back: JSON for the structure, raw little-endian floats behind it.
 *
 * An array that occurs twice in a state (a base that siblings share) is stored once and shared again after reading.
 * Layout: u32 length of the JSON, the JSON, zeros up to a multiple of 8, then the arrays one after the other, each starting at a multiple of 8.
 */

type ArrayKind = 'f32' | 'f64'
const KINDS = { f32: Float32Array, f64: Float64Array } as const

/** Stands for an array in the JSON. */
interface ArrayMark {
  readonly $array: ArrayKind
  readonly at: number
  readonly length: number
}

/** Bytes of a state of JSON values, infinities and float arrays. Throws TypeError on anything else. */
export function encodeState(state: unknown): Uint8Array {
  const arrays: (Float32Array | Float64Array)[] = []
  const marks = new Map<object, ArrayMark>()
  let end = 0
  const markOf = (array: Float32Array | Float64Array): ArrayMark => {
    const known = marks.get(array)
    if (known !== undefined) return known
    const mark: ArrayMark = { $array: array instanceof Float32Array ? 'f32' : 'f64', at: end, length: array.length }
    marks.set(array, mark)
    arrays.push(array)
    end = aligned(end + array.byteLength)
    return mark
  }
  const json = new TextEncoder().encode(JSON.stringify(marked(state, markOf)))
  const start = aligned(4 + json.length)
  const bytes = new Uint8Array(start + end)
  new DataView(bytes.buffer).setUint32(0, json.length, true)
  bytes.set(json, 4)
  for (const array of arrays) {
    const { at = 0 } = marks.get(array) ?? {}
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), start + at)
  }
  return bytes
}

/** The state of such bytes. Throws RangeError or SyntaxError on bytes that `encodeState` did not write. */
export function decodeState(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = view.getUint32(0, true)
  const start = aligned(4 + length)
  const known = new Map<number, Float32Array | Float64Array>()
  return JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)), (_, value: unknown) => {
    if (isNumberMark(value)) return Number(value.$number)
    if (!isArrayMark(value)) return value
    const kind = KINDS[value.$array]
    const from = start + value.at
    const array =
      known.get(value.at) ?? new kind(bytes.slice(from, from + value.length * kind.BYTES_PER_ELEMENT).buffer)
    if (array.length !== value.length) throw new RangeError('a checkpoint ends before its arrays do')
    known.set(value.at, array)
    return array
  })
}

function marked(value: unknown, markOf: (array: Float32Array | Float64Array) => ArrayMark): unknown {
  if (value instanceof Float32Array || value instanceof Float64Array) return markOf(value)
  // JSON would turn an infinity into null.
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $number: String(value) }
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map((one) => marked(one, markOf))
  if (Object.getPrototypeOf(value) !== Object.prototype)
    throw new TypeError('a state holds something that cannot be stored')
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, marked(one, markOf)]))
}

function isArrayMark(value: unknown): value is ArrayMark {
  return typeof value === 'object' && value !== null && '$array' in value && Object.hasOwn(KINDS, String(value.$array))
}

function isNumberMark(value: unknown): value is { $number: string } {
  return typeof value === 'object' && value !== null && '$number' in value
}

function aligned(size: number): number {
  return Math.ceil(size / 8) * 8
}

/**
 * JSON that says `{"length": {...}}`. zod 4 compares the `length` of whatever has one before it is done with the type, and
 * `{"toString": 1, "valueOf": 1}` compares with nothing: a TypeError where a refusal should be. No field of ours is so called.
 */

/** The JSON Pointer of the first object whose `length` is an object or a list; undefined when there is none. */
export const findOddLength = (json: unknown): string | undefined => {
  const left: { value: unknown; pointer: string }[] = [{ value: json, pointer: '' }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { value, pointer } = next
    if (typeof value !== 'object' || value === null) continue
    for (const [key, one] of Object.entries(value)) {
      const at = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      if (key === 'length' && typeof one === 'object' && one !== null) return at
      left.push({ value: one, pointer: at })
    }
  }
  return undefined
}

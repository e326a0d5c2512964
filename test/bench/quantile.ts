/** The least value that so great a share of all does not exceed; the lower of two in the middle. NaN of none. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export const medianOf = (values: readonly number[]): number => quantileOf(values, 0.5)

/** Four digits: more of them are noise. */
export const rounded = (value: number): number => Number(value.toPrecision(4))

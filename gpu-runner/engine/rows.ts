/** Rows of a batch, apart and together. */

/** Views into the batch, one a row. */
export function splitRows(batch: Float32Array, rows: number): Float32Array[] {
  const size = batch.length / rows
  return Array.from({ length: rows }, (_, index) => batch.subarray(index * size, (index + 1) * size))
}

/** A copy of rows of one size, one after the other. */
export function joinRows(rows: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const size = rows[0]?.length ?? 0
  const batch = new Float32Array(rows.length * size)
  for (const [index, row] of rows.entries()) batch.set(row, index * size)
  return batch
}

/** Rows of a batch, apart and together. */

/** Views into the batch, one a row; of a single row the batch itself. */
export function splitRows(batch: Float32Array, rows: number): Float32Array[] {
  if (rows === 1) return [batch]
  const size = batch.length / rows
  return Array.from({ length: rows }, (_, index) => batch.subarray(index * size, (index + 1) * size))
}

/** A row in memory of its own: itself, where it is alone in its batch. */
export const ownRow = (row: Float32Array): Float32Array =>
  row.byteLength === row.buffer.byteLength ? row : row.slice()

/** A copy of rows of one size, one after the other. */
export function joinRows(rows: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const size = rows[0]?.length ?? 0
  const batch = new Float32Array(rows.length * size)
  for (const [index, row] of rows.entries()) batch.set(row, index * size)
  return batch
}

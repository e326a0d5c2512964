/** Tables as CSV (RFC 4180), for spreadsheets. */

type Cell = string | number | null

/** A header and a line for each row, with these columns in this order. */
export const formatCsv = <Row extends object>(
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): string => {
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] as Cell))]
  return lines.map((cells) => `${cells.map(formatCell).join(',')}\r\n`).join('')
}

const formatCell = (cell: Cell): string => {
  const text = cell === null ? '' : String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** @param name of the file that a browser saves it as. */
export const csvResponse = (name: string, csv: string): Response =>
  new Response(csv, {
    headers: {
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': `attachment; filename="${name}.csv"`,
    },
  })

/** What benchmarks print: Markdown tables, and a page of them where a file is named. */
import { writeFile } from 'node:fs/promises'

type Cell = string | number

export const rowOf = (cells: readonly Cell[]): string => `| ${cells.join(' | ')} |`

/** The head of a table and the line below it. */
export const headOf = (names: readonly string[]): string[] => [rowOf(names), rowOf(names.map(() => '---'))]

export const tableOf = (names: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  [...headOf(names), ...rows.map(rowOf)].join('\n')

/** Prints the page; writes it too where there is a file for it. */
export async function writeReport(file: string | undefined, lines: readonly string[]): Promise<void> {
  const page = `${lines.join('\n')}\n`
  if (file !== undefined) await writeFile(file, page)
  console.log(page)
}

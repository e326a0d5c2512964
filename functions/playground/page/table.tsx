/** A table of named columns. It may be wider than the screen: it scrolls by itself, with the keyboard too. */
import type { ComponentChildren } from 'preact'

export interface Column<Row> {
  readonly name: string
  readonly cell: (row: Row) => ComponentChildren
  /** `number` is aligned at the right, with its name; the others are classes of the style sheet. */
  readonly kind?: 'number' | 'when' | 'prompt' | 'address'
  /** Says what the row is about, to screen readers too. */
  readonly names?: boolean
  /** The name is for screen readers only: what stands below speaks for itself. */
  readonly quiet?: boolean
}

export const Table = <Row,>(on: {
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  keyOf: (row: Row) => string | number | undefined
  classOf?: (row: Row) => string
}) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
  <section class="wide" aria-label={`${on.label}, table`} tabIndex={0}>
    <table>
      <thead>
        <tr>
          {on.columns.map(({ name, kind, quiet }) => (
            <th key={name} scope="col" class={kind === 'number' ? kind : undefined}>
              {quiet ? <span class="hidden">{name}</span> : name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {on.rows.map((row) => (
          <tr key={on.keyOf(row)} class={on.classOf?.(row)}>
            {on.columns.map(({ name, cell, kind, names }) =>
              names ? (
                <th key={name} scope="row">
                  {cell(row)}
                </th>
              ) : (
                <td key={name} class={kind}>
                  {cell(row)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  </section>
)

/** rollover usage, statement, invoice: what was charged, and why. */
import type { ChargeLineView } from '../../contract/statement.ts'
import { type Command, EXIT, onlyArgument, show } from './command.ts'
import { dollars, table } from './text.ts'

const csv = { type: 'boolean', summary: 'as CSV, for a spreadsheet' } as const
const GROUPS = ['key', 'pack', 'key,pack'] as const

export const usage: Command = {
  words: 'usage',
  summary: 'Show NFEs used and charged, by day',
  options: {
    from: { type: 'string', value: 'DAY', summary: 'first day, such as 2026-11-01 (the first of the month)' },
    to: { type: 'string', value: 'DAY', summary: 'last day (today)' },
    by: { type: 'string', value: 'GROUP', summary: 'a row for each', choices: GROUPS },
    csv,
  },
  run: async (terminal, given) => {
    const [from, to, by] = [given.text('from'), given.text('to'), GROUPS.find((group) => group === given.text('by'))]
    const query = {
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(by !== undefined && { group_by: by }),
    }
    const { books } = await terminal.client()
    const { signal } = terminal
    if (given.flag('csv')) terminal.say((await books.usageCsv(query, { signal })).trimEnd())
    else
      show(terminal, await books.usage(query, { signal }), ({ data, total }) => [
        ...table(
          ['DATE', 'KEY', 'PACK', 'PRIORITY', 'GENERATIONS', 'NFES', 'PRICE'],
          data.map((row) => [
            row.date,
            row.key_id ?? '',
            row.pack ?? '',
            row.priority,
            String(row.generations),
            String(row.nfe_used),
            dollars(row.price_micro_usd),
          ]),
        ),
        `${total.generations} generations, ${total.nfe_used} NFEs, ${dollars(total.price_micro_usd)}`,
      ])
    return EXIT.ok
  },
}

const chargeTable = (lines: readonly ChargeLineView[]): string[] =>
  table(
    ['KEY', 'PACK', 'PRIORITY', 'PRICE LIST', 'GENERATIONS', 'NFES', 'MICRO-DOLLARS AN NFE', 'PRICE'],
    lines.map((line) => [
      line.key_id,
      line.pack,
      line.priority,
      line.price_list,
      String(line.generations),
      String(line.nfe_used),
      String(line.price_micro_usd_per_nfe),
      dollars(line.price_micro_usd),
    ]),
  )

export const statement: Command = {
  words: 'statement',
  summary: 'Show what was credited and charged in a month',
  takes: '[MONTH]',
  options: { csv },
  run: async (terminal, given) => {
    const month = given.positionals[0] ?? new Date(terminal.now()).toISOString().slice(0, 7)
    const { books } = await terminal.client()
    const { signal } = terminal
    if (given.flag('csv')) terminal.say((await books.statementCsv(month, { signal })).trimEnd())
    else
      show(terminal, await books.statement(month, { signal }), (found) => [
        `${found.month}  ${found.account.name} (${found.account.id}), ${found.status}`,
        `  opening  ${dollars(found.opening_micro_usd)}`,
        `  credited ${dollars(found.credited_micro_usd)}`,
        `  charged  ${dollars(found.charged_micro_usd)}`,
        `  closing  ${dollars(found.closing_micro_usd)}`,
        ...chargeTable(found.charges),
      ])
    return EXIT.ok
  },
}

export const invoice: Command = {
  words: 'invoice',
  summary: 'Show the invoice of a month that is closed',
  takes: 'MONTH',
  options: { csv },
  run: async (terminal, given) => {
    const month = onlyArgument(given, 'month, such as 2026-11,')
    const { books } = await terminal.client()
    const { signal } = terminal
    if (given.flag('csv')) terminal.say((await books.invoiceCsv(month, { signal })).trimEnd())
    else
      show(terminal, await books.invoice(month, { signal }), (found) => [
        `${found.number}  ${found.account.name} (${found.account.id}), issued ${found.issued_at}`,
        ...chargeTable(found.lines),
        `total ${dollars(found.total_micro_usd)}`,
      ])
    return EXIT.ok
  },
}

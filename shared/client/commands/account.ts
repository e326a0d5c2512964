/** rollover account, packs. */
import { type Command, EXIT, show } from './command.ts'
import { accountLines, dollars, table } from './text.ts'

export const account: Command = {
  words: 'account',
  summary: 'Show what the account has, holds and has spent',
  run: async (terminal) => {
    const found = await (await terminal.client()).account({ signal: terminal.signal })
    show(terminal, found, accountLines)
    return EXIT.ok
  },
}

export const packs: Command = {
  words: 'packs',
  summary: 'List what can draw, and at what price',
  run: async (terminal) => {
    const found = await (await terminal.client()).packs({ signal: terminal.signal })
    show(terminal, { data: found }, ({ data }) =>
      table(
        ['PACK', 'VERSION', 'LICENCE', 'SIZE', 'MOST NFES', 'PRICE OF 100 NFES', 'REWARDS', 'SEARCHES'],
        data.map((pack) => [
          pack.name,
          pack.version,
          pack.licence,
          pack.resolution.join('x'),
          String(pack.nfe_cap),
          dollars(100 * pack.price_micro_usd_per_nfe),
          pack.rewards.map(({ name }) => name).join(' '),
          pack.searches.join(' '),
        ]),
      ),
    )
    return EXIT.ok
  },
}

/** How things look in a terminal. */
import type { AccountView } from '../../contract/account.ts'
import type { Generation, Progress } from '../../contract/generation.ts'
import type { QuoteView } from '../../contract/quote.ts'
import type { RewardPart } from '../../contract/reward.ts'

export const dollars = (microUsd: number): string => `$${(microUsd / 1e6).toFixed(6)}`

export const reward = (value: number | null | undefined): string => (value == null ? '-' : value.toFixed(3))

const BAR_WIDTH = 30

/** `[#####.....]  120/500 NFEs  step 3/10  best reward -0.512` */
export const progressBar = ({ nfe_used, step, steps, best_reward }: Progress, nfeHeld: number): string => {
  const full = Math.min(BAR_WIDTH, Math.round((BAR_WIDTH * nfe_used) / Math.max(1, nfeHeld)))
  const bar = '#'.repeat(full).padEnd(BAR_WIDTH, '.')
  return `[${bar}]  ${nfe_used}/${nfeHeld} NFEs  step ${step}/${steps}  best reward ${reward(best_reward)}`
}

const counts = (of: Readonly<Record<string, number>> | undefined): string =>
  Object.entries(of ?? {})
    .map(([thing, count]) => `${count} ${thing}`)
    .join(', ') || 'nothing'

/** A generation in a few lines, with the files that were saved of it. */
export const generationLines = (generation: Generation, files: readonly string[] = []): string[] => {
  const { id, status, stop_reason, result, seed, usage, error, prompt } = generation
  const why = error?.detail ?? stop_reason
  return [
    `${id}  ${status}${why === null ? '' : ` (${why})`}`,
    `  prompt   ${prompt}`,
    ...files.map((file) => `  image    ${file}`),
    ...(generation.outputs_held_back > 0 ? [`  held     ${generation.outputs_held_back} by the content policy`] : []),
    ...(result === null
      ? []
      : [
          `  reward   ${reward(result.reward)}${partsText(result.parts)}`,
          ...(result.counts === null
            ? []
            : [
                `  asked    ${counts(result.counts.asked)}`,
                `  found    ${counts(result.counts.found)}${result.counts.exact ? '  (exact)' : ''}`,
              ]),
        ]),
    `  NFEs     ${usage.nfe_held} held, ${usage.nfe_used} used, ${usage.nfe_refunded} refunded`,
    `  price    ${dollars(usage.price_micro_usd)}`,
    `  seed     ${seed}`,
  ]
}

/** What a composite is made of; of any other reward its name. */
const partsText = (parts: readonly RewardPart[]): string =>
  parts.length === 1 && parts[0]?.weight === 1
    ? `  (${parts[0].name})`
    : `  = ${parts.map(({ name, weight, reward: said }) => `${weight} x ${name} ${reward(said)}`).join(' + ')}`

export const accountLines = (account: AccountView): string[] => [
  `${account.id}  ${account.name}`,
  `  balance  ${dollars(account.balance_micro_usd)}`,
  `  held     ${dollars(account.held_micro_usd)} by ${account.open_generations} open generations`,
  `  spent    ${dollars(account.spent_micro_usd)}`,
  `  credited ${dollars(account.credited_micro_usd)}`,
]

export const quoteLines = (quote: QuoteView): string[] => [
  `${dollars(quote.max_price_micro_usd)} at most, for ${quote.nfe_budget} NFEs by ${quote.search} on ${quote.pack}${quote.covered ? '' : '  (more than the balance)'}`,
  ...(quote.expected === null
    ? []
    : [
        `  of ${quote.expected.samples} like it: ${quote.expected.nfe_used} NFEs, ${dollars(quote.expected.price_micro_usd)}, ${quote.expected.duration_seconds.toFixed(1)} s, reward ${reward(quote.expected.reward)}${quote.expected.exact_share === null ? '' : `, ${Math.round(100 * quote.expected.exact_share)} % exact`}`,
      ]),
]

/** Rows under their heads, each column as wide as its widest cell. */
export const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string[] => {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)))
  return [heads, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

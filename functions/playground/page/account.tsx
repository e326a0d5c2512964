/** The account: money, usage by day, what was generated, keys, webhooks. */
import type { AccountView, Rollover } from '../../../shared/client/client.ts'
import { Alerts } from './alerts.tsx'
import { Batches } from './batches.tsx'
import { formatMoney } from './format.ts'
import { History } from './history.tsx'
import { Keys } from './keys.tsx'
import { ProblemNote } from './problem-note.tsx'
import { Statements } from './statements.tsx'
import { UsageChart } from './usage-chart.tsx'
import type { Answered } from './use-answer.ts'
import { Webhooks } from './webhooks.tsx'

export const Account = (props: { client: Rollover; account: Answered<AccountView>; onOtherKey: () => void }) => {
  const { client, account, onOtherKey } = props
  return (
    <div class="account">
      <h1>{account.answer?.name ?? 'Account'}</h1>
      {account.error !== undefined && (
        <ProblemNote error={account.error} onOtherKey={onOtherKey} onRetry={account.again} />
      )}
      {account.answer !== undefined && <Totals account={account.answer} />}
      <UsageChart client={client} />
      <History client={client} />
      <Batches client={client} />
      {account.answer !== undefined && (
        <>
          <Statements client={client} opened={account.answer.created_at} />
          <Alerts client={client} account={account.answer} onChange={account.again} />
        </>
      )}
      <Keys client={client} />
      <Webhooks client={client} />
    </div>
  )
}

const Totals = ({ account }: { account: AccountView }) => (
  <>
    {account.balance_micro_usd === 0 && (
      <p class="note warn">
        <strong>The balance is empty.</strong> Nothing new can be generated until it is credited; images and links stay.
      </p>
    )}
    <dl class="totals">
      {(
        [
          ['Balance', account.balance_micro_usd, 'free to spend'],
          ['Held', account.held_micro_usd, `${account.open_generations} open`],
          ['Spent', account.spent_micro_usd, 'settled'],
          ['Credited', account.credited_micro_usd, 'balance + held + spent'],
        ] as const
      ).map(([name, amount, hint]) => (
        <div class="card" key={name}>
          <dt>{name}</dt>
          <dd>
            {formatMoney(amount)}
            <span>{hint}</span>
          </dd>
        </div>
      ))}
    </dl>
  </>
)

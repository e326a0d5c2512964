/** The account: money, usage by day, what was generated, keys, webhooks. */
import { useCallback } from 'preact/hooks'
import type { AccountView, Generation, Rollover } from '../../../shared/client/client.ts'
import { formatCount, formatMoney, formatReward, formatTime } from './format.ts'
import { Keys } from './keys.tsx'
import { ProblemNote } from './problem-note.tsx'
import { UsageChart } from './usage-chart.tsx'
import { type Answered, useAnswer } from './use-answer.ts'
import { Webhooks } from './webhooks.tsx'
import { Wide } from './wide.tsx'

const PAGE = 20

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

const History = ({ client }: { client: Rollover }) => {
  const ask = useCallback((signal: AbortSignal) => client.list({ limit: PAGE }, { signal }), [client])
  const { answer, error, again } = useAnswer(ask)
  return (
    <section class="card" aria-labelledby="history-title">
      <header class="card-head">
        <h2 id="history-title">History</h2>
        <button type="button" class="quiet" onClick={again}>
          Refresh
        </button>
      </header>
      {error !== undefined && <ProblemNote error={error} onRetry={again} />}
      {answer === undefined && error === undefined && <p class="loading">Reading…</p>}
      {answer?.data.length === 0 && (
        <p class="empty">
          Nothing generated yet. <a href="#/generate">Ask for a first image.</a>
        </p>
      )}
      {answer !== undefined && answer.data.length > 0 && <HistoryTable rows={answer.data} />}
    </section>
  )
}

const HistoryTable = ({ rows }: { rows: readonly Generation[] }) => (
  <Wide label="History">
    <table>
      <thead>
        <tr>
          <th scope="col">Image</th>
          <th scope="col">Prompt</th>
          <th scope="col">Search</th>
          <th scope="col">Status</th>
          <th scope="col" class="number">
            Reward
          </th>
          <th scope="col" class="number">
            NFEs
          </th>
          <th scope="col" class="number">
            Price
          </th>
          <th scope="col">When</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td>
              {row.outputs[0] === undefined ? (
                <span class="thumb none" />
              ) : (
                <img class="thumb" src={row.outputs[0].url} alt={`Result for: ${row.prompt}`} loading="lazy" />
              )}
            </td>
            <td class="prompt">
              {row.prompt}
              <small>{row.id}</small>
            </td>
            <td>{row.search}</td>
            <td>
              <span class={`badge ${row.status === 'succeeded' ? 'good' : row.status === 'failed' ? 'bad' : ''}`}>
                {row.status}
              </span>
            </td>
            <td class="number">{formatReward(row.result?.reward)}</td>
            <td class="number">{formatCount(row.usage.nfe_used)}</td>
            <td class="number">{formatMoney(row.usage.price_micro_usd)}</td>
            <td class="when">{formatTime(row.created_at)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </Wide>
)

/** When the account is warned: an event `account.balance_low` to its webhooks below each of these amounts. */
import { useState } from 'preact/hooks'
import type { AccountView, Rollover } from '../../../shared/client/client.ts'
import { formatMoney } from './format.ts'
import { ProblemNote } from './problem-note.tsx'

const MICRO = 1_000_000

export const Alerts = (on: { client: Rollover; account: AccountView; onChange: () => void }) => {
  const { client, account, onChange } = on
  const [typed, setTyped] = useState('')
  const [refused, setRefused] = useState<unknown>()
  const alerts = account.balance_alerts_micro_usd
  const change = async (amounts: readonly number[]) => {
    setRefused(undefined)
    try {
      await client.changeAccount({ balance_alerts_micro_usd: [...amounts] })
      setTyped('')
      onChange()
    } catch (failure) {
      setRefused(failure)
    }
  }
  return (
    <section class="card" aria-labelledby="alerts-title">
      <header class="card-head">
        <h2 id="alerts-title">Alerts</h2>
      </header>
      {refused !== undefined && <ProblemNote error={refused} />}
      {alerts.length === 0 && <p class="empty">No alert yet. Each is told to the webhooks once between two credits.</p>}
      <ul class="chips">
        {alerts.map((amount) => (
          <li key={amount} class="badge">
            below {formatMoney(amount)}{' '}
            <button
              type="button"
              class="quiet"
              aria-label={`Remove the alert below ${formatMoney(amount)}`}
              onClick={() => void change(alerts.filter((other) => other !== amount))}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
      <form
        class="inline"
        onSubmit={(event) => {
          event.preventDefault()
          void change([...alerts, Math.round(Number(typed) * MICRO)])
        }}
      >
        <label>
          Warn below, dollars
          <input
            required
            type="number"
            min="0.000001"
            step="any"
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Add alert</button>
      </form>
    </section>
  )
}

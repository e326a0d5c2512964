/** Webhook endpoints, and the log of what was sent to them, each line of which can be sent again. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import type { DeliveryView, EndpointView, Rollover } from '../../../shared/client/client.ts'
import { formatTime } from './format.ts'
import { Secret } from './keys.tsx'
import { ProblemNote } from './problem-note.tsx'
import { useAnswer } from './use-answer.ts'
import { Wide } from './wide.tsx'

/** While a delivery is under way, its state is looked at again. */
const LOOK_AGAIN_MS = 1500

export const Webhooks = ({ client }: { client: Rollover }) => {
  const ask = useCallback(
    async (signal: AbortSignal) => {
      const [endpoints, deliveries] = await Promise.all([
        client.webhookEndpoints.list({ signal }),
        client.webhookDeliveries.list({}, { signal }),
      ])
      return { endpoints: endpoints.data, deliveries: deliveries.data }
    },
    [client],
  )
  const { answer, error, again } = useAnswer(ask)
  useEffect(() => {
    if (!answer?.deliveries.some(({ state }) => state === 'pending')) return
    const timer = setTimeout(again, LOOK_AGAIN_MS)
    return () => clearTimeout(timer)
  }, [answer, again])
  const [refused, setRefused] = useState<unknown>()
  const [secret, setSecret] = useState<string>()
  const act = async (doing: () => Promise<unknown>) => {
    setRefused(undefined)
    try {
      await doing()
      again()
    } catch (failure) {
      setRefused(failure)
    }
  }
  return (
    <section class="card" aria-labelledby="webhooks-title">
      <header class="card-head">
        <h2 id="webhooks-title">Webhooks</h2>
        <button type="button" class="quiet" onClick={again}>
          Refresh
        </button>
      </header>
      {(error ?? refused) !== undefined && <ProblemNote error={error ?? refused} onRetry={again} />}
      {secret !== undefined && <Secret label="Signing secret" secret={secret} onDone={() => setSecret(undefined)} />}
      {answer !== undefined && (
        <>
          {answer.endpoints.length === 0 && (
            <p class="empty">No endpoint yet. Events are signed; the secret is shown once.</p>
          )}
          <Endpoints endpoints={answer.endpoints} client={client} act={act} />
          <NewEndpoint
            onAdd={(url) => act(async () => setSecret((await client.webhookEndpoints.create({ url })).secret))}
          />
          <h3>Deliveries</h3>
          {answer.deliveries.length === 0 ? (
            <p class="empty">Nothing was sent yet.</p>
          ) : (
            <Deliveries rows={answer.deliveries} onReplay={(id) => act(() => client.webhookDeliveries.replay(id))} />
          )}
        </>
      )}
    </section>
  )
}

const Endpoints = (on: {
  endpoints: readonly EndpointView[]
  client: Rollover
  act: (doing: () => Promise<unknown>) => Promise<void>
}) => (
  <ul class="endpoints">
    {on.endpoints.map(({ id, url, enabled, disabled, failing }) => (
      <li key={id}>
        <code>{url}</code>
        <span class={`badge ${enabled ? (failing === null ? 'good' : 'warn') : 'bad'}`}>
          {enabled ? (failing === null ? 'on' : `failing, ${failing.attempts} attempts`) : `off: ${disabled?.reason}`}
        </span>
        <span class="row end">
          <button type="button" class="quiet" onClick={() => void on.act(() => on.client.webhookEndpoints.test(id))}>
            Test
          </button>
          <button
            type="button"
            class="quiet"
            onClick={() => void on.act(() => on.client.webhookEndpoints.change(id, { enabled: !enabled }))}
          >
            {enabled ? 'Turn off' : 'Turn on'}
          </button>
          <button
            type="button"
            class="quiet danger"
            aria-label={`Delete ${url}`}
            onClick={() =>
              confirm(`Delete ${url}? What waits for it is not delivered.`) &&
              void on.act(() => on.client.webhookEndpoints.delete(id))
            }
          >
            Delete
          </button>
        </span>
      </li>
    ))}
  </ul>
)

const NewEndpoint = ({ onAdd }: { onAdd: (url: string) => Promise<void> }) => {
  const [url, setUrl] = useState('')
  return (
    <form
      class="inline"
      onSubmit={(event) => {
        event.preventDefault()
        void onAdd(url).then(() => setUrl(''))
      }}
    >
      <label>
        Address of a new endpoint
        <input
          required
          type="url"
          placeholder="https://example.com/hook"
          value={url}
          onInput={(event) => setUrl(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Add endpoint</button>
    </form>
  )
}

const Deliveries = ({ rows, onReplay }: { rows: readonly DeliveryView[]; onReplay: (id: string) => void }) => (
  <Wide label="Deliveries">
    <table>
      <thead>
        <tr>
          <th scope="col">Event</th>
          <th scope="col">To</th>
          <th scope="col">State</th>
          <th scope="col" class="number">
            Attempts
          </th>
          <th scope="col">Last answer</th>
          <th scope="col">When</th>
          <th scope="col">
            <span class="hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ id, event_type, url, state, attempts, created_at }) => (
          <tr key={id}>
            <td>
              <code>{event_type}</code>
            </td>
            <td class="address">{url}</td>
            <td>
              <span class={`badge ${state === 'delivered' ? 'good' : state === 'pending' ? '' : 'bad'}`}>{state}</span>
            </td>
            <td class="number">{attempts.length}</td>
            <td>{lastAnswer(attempts)}</td>
            <td class="when">{formatTime(created_at)}</td>
            <td>
              <button
                type="button"
                class="quiet"
                aria-label={`Replay ${event_type} of ${formatTime(created_at)}`}
                onClick={() => onReplay(id)}
              >
                Replay
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </Wide>
)

const lastAnswer = (attempts: DeliveryView['attempts']): string => {
  const last = attempts.at(-1)
  if (last === undefined) return '–'
  return `${last.status ?? last.outcome}, ${last.duration_ms} ms`
}

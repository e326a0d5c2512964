/** Webhook endpoints, and the log of what was sent to them, each line of which can be sent again. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import type { DeliveryView, EndpointView, Rollover } from '../../../shared/client/client.ts'
import { formatTime } from './format.ts'
import { Secret } from './keys.tsx'
import { ProblemNote } from './problem-note.tsx'
import { type Column, Table } from './table.tsx'
import { useAnswer } from './use-answer.ts'

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
      {answer === undefined && error === undefined && <p class="loading">Reading…</p>}
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
            <Table
              label="Deliveries"
              rows={answer.deliveries}
              keyOf={({ id }) => id}
              columns={deliveryColumns((id) => act(() => client.webhookDeliveries.replay(id)))}
            />
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

const deliveryColumns = (onReplay: (id: string) => void): readonly Column<DeliveryView>[] => [
  { name: 'Event', cell: ({ event_type }) => <code>{event_type}</code> },
  { name: 'To', kind: 'address', cell: ({ url }) => url },
  {
    name: 'State',
    cell: ({ state }) => (
      <span class={`badge ${state === 'delivered' ? 'good' : state === 'pending' ? '' : 'bad'}`}>{state}</span>
    ),
  },
  { name: 'Attempts', kind: 'number', cell: ({ attempts }) => attempts.length },
  { name: 'Last answer', cell: ({ attempts }) => lastAnswer(attempts) },
  { name: 'When', kind: 'when', cell: ({ created_at }) => formatTime(created_at) },
  {
    name: 'Actions',
    quiet: true,
    cell: ({ id, event_type, created_at }) => (
      <button
        type="button"
        class="quiet"
        aria-label={`Replay ${event_type} of ${formatTime(created_at)}`}
        onClick={() => onReplay(id)}
      >
        Replay
      </button>
    ),
  },
]

const lastAnswer = (attempts: DeliveryView['attempts']): string => {
  const last = attempts.at(-1)
  if (last === undefined) return '–'
  return `${last.status ?? last.outcome}, ${last.duration_ms} ms`
}

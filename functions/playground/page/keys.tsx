/** Keys of the account: issue, rotate, revoke. A secret is shown once, here. */
import { useCallback, useState } from 'preact/hooks'
import type { KeyView, Rollover } from '../../../shared/client/client.ts'
import { formatCount, formatTime } from './format.ts'
import { ProblemNote } from './problem-note.tsx'
import { type Column, Table } from './table.tsx'
import { useAnswer } from './use-answer.ts'

export const Keys = ({ client }: { client: Rollover }) => {
  const ask = useCallback((signal: AbortSignal) => client.keys.list({ signal }), [client])
  const { answer, error, again } = useAnswer(ask)
  const [secret, setSecret] = useState<string>()
  const [refused, setRefused] = useState<unknown>()
  const act = async (doing: () => Promise<{ api_key: string } | undefined>) => {
    setRefused(undefined)
    try {
      setSecret((await doing())?.api_key)
      again()
    } catch (failure) {
      setRefused(failure)
    }
  }
  const live = answer?.data.filter(({ revoked_at }) => revoked_at === null)
  return (
    <section class="card" aria-labelledby="keys-title">
      <header class="card-head">
        <h2 id="keys-title">Keys</h2>
      </header>
      {(error ?? refused) !== undefined && <ProblemNote error={error ?? refused} onRetry={again} />}
      {secret !== undefined && <Secret label="New key" secret={secret} onDone={() => setSecret(undefined)} />}
      {answer === undefined && error === undefined && <p class="loading">Reading…</p>}
      {live !== undefined && (
        <Table label="Keys" rows={live} keyOf={({ id }) => id} columns={[...COLUMNS, actionsOf(client, act)]} />
      )}
      <NewKey onIssue={(name, cap) => act(() => client.keys.issue({ name, nfe_per_day: cap }))} />
    </section>
  )
}

const COLUMNS: readonly Column<KeyView>[] = [
  { name: 'Name', names: true, cell: ({ name }) => name },
  { name: 'Begins with', cell: ({ secrets }) => <code>{secrets[0]?.hint ?? '–'}</code> },
  { name: 'NFEs today', kind: 'number', cell: ({ usage }) => formatCount(usage.day.nfe) },
  {
    name: 'Daily cap',
    kind: 'number',
    cell: ({ nfe_per_day: cap }) => (cap === null ? 'none' : formatCount(cap)),
  },
  { name: 'Last used', kind: 'when', cell: ({ last_used_at }) => formatTime(last_used_at) },
]

const actionsOf = (
  { keys }: Rollover,
  act: (doing: () => Promise<{ api_key: string } | undefined>) => Promise<void>,
): Column<KeyView> => ({
  name: 'Actions',
  quiet: true,
  cell: ({ id, name }) => (
    <span class="row end">
      <button type="button" class="quiet" aria-label={`Rotate ${name}`} onClick={() => void act(() => keys.rotate(id))}>
        Rotate
      </button>
      <button
        type="button"
        class="quiet danger"
        aria-label={`Revoke ${name}`}
        onClick={() =>
          confirm(`Revoke "${name}"? Whoever uses it is refused at once.`) &&
          void act(async () => void (await keys.revoke(id)) as undefined)
        }
      >
        Revoke
      </button>
    </span>
  ),
})

const NewKey = ({ onIssue }: { onIssue: (name: string, cap: number | null) => Promise<void> }) => {
  const [name, setName] = useState('')
  const [cap, setCap] = useState('')
  return (
    <form
      class="inline"
      onSubmit={(event) => {
        event.preventDefault()
        void onIssue(name, cap === '' ? null : Number(cap)).then(() => setName(''))
      }}
    >
      <label>
        Name of a new key
        <input required maxLength={100} value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <label>
        NFEs a day at most
        <input
          type="number"
          min="1"
          placeholder="no cap"
          value={cap}
          onInput={(event) => setCap(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Issue key</button>
    </form>
  )
}

/** Shown until it was put away; it can never be shown again. */
export const Secret = ({ label, secret, onDone }: { label: string; secret: string; onDone: () => void }) => (
  <div class="note good" role="status">
    <strong>{label}, shown once</strong>
    <p>
      <code class="secret">{secret}</code>
    </p>
    <div class="row">
      <button type="button" onClick={() => void navigator.clipboard.writeText(secret)}>
        Copy
      </button>
      <button type="button" onClick={onDone}>
        I have stored it
      </button>
    </div>
  </div>
)

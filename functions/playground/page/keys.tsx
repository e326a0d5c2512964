/** Keys of the account: issue, rotate, revoke. A secret is shown once, here. */
import { useCallback, useState } from 'preact/hooks'
import type { Rollover } from '../../../shared/client/client.ts'
import { formatCount, formatTime } from './format.ts'
import { ProblemNote } from './problem-note.tsx'
import { useAnswer } from './use-answer.ts'
import { Wide } from './wide.tsx'

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
      {live !== undefined && (
        <Wide label="Keys">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Begins with</th>
                <th scope="col" class="number">
                  NFEs today
                </th>
                <th scope="col" class="number">
                  Daily cap
                </th>
                <th scope="col">Last used</th>
                <th scope="col">
                  <span class="hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {live.map((key) => (
                <tr key={key.id}>
                  <th scope="row">{key.name}</th>
                  <td>
                    <code>{key.secrets[0]?.hint ?? '–'}</code>
                  </td>
                  <td class="number">{formatCount(key.usage.day.nfe)}</td>
                  <td class="number">{key.nfe_per_day === null ? 'none' : formatCount(key.nfe_per_day)}</td>
                  <td class="when">{formatTime(key.last_used_at)}</td>
                  <td>
                    <span class="row end">
                      <button
                        type="button"
                        class="quiet"
                        aria-label={`Rotate ${key.name}`}
                        onClick={() => void act(() => client.keys.rotate(key.id))}
                      >
                        Rotate
                      </button>
                      <button
                        type="button"
                        class="quiet danger"
                        aria-label={`Revoke ${key.name}`}
                        onClick={() =>
                          confirm(`Revoke "${key.name}"? Whoever uses it is refused at once.`) &&
                          void act(async () => void (await client.keys.revoke(key.id)) as undefined)
                        }
                      >
                        Revoke
                      </button>
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      )}
      <NewKey onIssue={(name, cap) => act(() => client.keys.issue({ name, nfe_per_day: cap }))} />
    </section>
  )
}

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

/** Shown without a key: what this is, and where a key goes. */
import { useState } from 'preact/hooks'

export const KeyGate = ({ onKey }: { onKey: (key: string) => void }) => {
  const [typed, setTyped] = useState('')
  return (
    <main class="gate">
      <section class="card">
        <h1>Images that do what was asked</h1>
        <p class="lead">
          Rollover searches a flow model for the image that scores best, and you pay for the evaluations that were
          spent. Here you see the search at work.
        </p>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            if (typed.trim() !== '') onKey(typed.trim())
          }}
        >
          <label for="key">API key</label>
          <div class="row">
            <input
              id="key"
              type="password"
              autocomplete="off"
              spellcheck={false}
              placeholder="rk_…"
              value={typed}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
            <button type="submit" class="primary">
              Open
            </button>
          </div>
          <p class="hint">
            It stays in this tab and goes to this service only. <code>npm start</code> prints a link that brings one
            along.
          </p>
        </form>
      </section>
    </main>
  )
}

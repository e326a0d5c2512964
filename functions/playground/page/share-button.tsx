/** Makes a link that shows ended generations to people without a key, and shows it. */
import { useState } from 'preact/hooks'
import type { Rollover, ShareView } from '../../../shared/client/client.ts'
import { formatTime } from './format.ts'
import { ProblemNote } from './problem-note.tsx'

const TERMS = { 'a day': 86_400, 'a week': 7 * 86_400, 'a month': 30 * 86_400 } as const
type Term = keyof typeof TERMS

export const ShareButton = ({ client, generations }: { client: Rollover; generations: readonly string[] }) => {
  const [open, setOpen] = useState(false)
  const [term, setTerm] = useState<Term>('a week')
  const [made, setMade] = useState<{ share?: ShareView; error?: unknown; asking?: boolean }>({})
  const make = async () => {
    setMade({ asking: true })
    try {
      setMade({ share: await client.share({ generations: [...generations], expires_in_seconds: TERMS[term] }) })
    } catch (error) {
      setMade({ error })
    }
  }
  if (!open)
    return (
      <button type="button" onClick={() => setOpen(true)}>
        Share
      </button>
    )
  return (
    <div class="share">
      {made.share === undefined ? (
        <div class="row">
          <label>
            For{' '}
            <select value={term} onChange={(event) => setTerm(event.currentTarget.value as Term)}>
              {Object.keys(TERMS).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <button type="button" disabled={made.asking} onClick={() => void make()}>
            Make the link
          </button>
        </div>
      ) : (
        <MadeLink {...made.share} />
      )}
      {made.error !== undefined && <ProblemNote error={made.error} onRetry={() => void make()} />}
      <p class="hint">
        Whoever has the link sees prompt, images and search, nothing of the account. It cannot be taken back, only
        expire; deleting the generation empties it.
      </p>
    </div>
  )
}

const MadeLink = ({ url, expires_at }: ShareView) => {
  const [copied, setCopied] = useState(false)
  return (
    <div class="row" role="status">
      <input
        class="link-field"
        aria-label="Shared link"
        readOnly
        value={url}
        onFocus={(e) => e.currentTarget.select()}
      />
      <button type="button" onClick={() => void navigator.clipboard.writeText(url).then(() => setCopied(true))}>
        {copied ? 'Copied' : 'Copy'}
      </button>
      <span class="hint">until {formatTime(expires_at)}</span>
    </div>
  )
}

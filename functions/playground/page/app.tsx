/** The page around the views: who is asking, what is left, where one is. */
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import { Rollover } from '../../../shared/client/client.ts'
import { Account } from './account.tsx'
import { useDrafts } from './asked.ts'
import { Compare } from './compare.tsx'
import { formatMoney } from './format.ts'
import { Generate } from './generate.tsx'
import { KeyGate } from './key-gate.tsx'
import { ProblemNote } from './problem-note.tsx'
import { dropKey, keepKey, takeKey } from './session.ts'
import { SharedPage } from './shared.tsx'
import { Stored } from './stored.tsx'
import { useAnswer } from './use-answer.ts'

const VIEWS = { generate: 'Generate', compare: 'Compare', account: 'Account' } as const
type View = keyof typeof VIEWS

/** Where one is: a view, or one thing. */
interface Place {
  readonly view: View | undefined
  readonly generation?: string
  readonly shared?: string
}

const placeOf = (hash: string): Place => {
  const [name = '', id] = hash.replace(/^#\//, '').split('/')
  if (name === 'shared' && id) return { view: undefined, shared: id }
  if (name === 'generations' && id) return { view: undefined, generation: decodeURIComponent(id) }
  return { view: name in VIEWS ? (name as View) : 'generate' }
}

export const App = () => {
  const [key, setKey] = useState(takeKey)
  useEffect(() => {
    const changed = () => setKey(takeKey())
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  const place = usePlace()
  if (place.shared !== undefined)
    return (
      <>
        <Header />
        <SharedPage key={place.shared} token={place.shared} />
      </>
    )
  if (key === undefined)
    return (
      <>
        <Header />
        <KeyGate
          onKey={(given) => {
            keepKey(given)
            setKey(given)
          }}
        />
      </>
    )
  const leave = () => {
    dropKey()
    setKey(undefined)
  }
  return <Opened key={key} apiKey={key} place={place} onOtherKey={leave} />
}

const Opened = ({ apiKey, place, onOtherKey }: { apiKey: string; place: Place; onOtherKey: () => void }) => {
  const { view, generation } = place
  const client = useMemo(() => new Rollover({ apiKey, baseUrl: location.origin }), [apiKey])
  const account = useAnswer(useCallback((signal: AbortSignal) => client.account({ signal }), [client]))
  const packs = useAnswer(useCallback((signal: AbortSignal) => client.packs({ signal }), [client]))
  const drafts = useDrafts(packs.answer)
  const shared = {
    ...drafts,
    client,
    packs: packs.answer ?? [],
    onBalance: account.again,
    onOtherKey,
  }
  return (
    <>
      <Header place={place} balance={account.answer?.balance_micro_usd} onOtherKey={onOtherKey} />
      <main id="main">
        {view !== 'account' && account.error !== undefined && (
          <ProblemNote
            error={account.error}
            onOtherKey={onOtherKey}
            onRetry={() => {
              account.again()
              packs.again()
            }}
          />
        )}
        {generation !== undefined && (
          <Stored key={generation} client={client} id={generation} onAsk={drafts.onAsk} onOtherKey={onOtherKey} />
        )}
        {view === 'generate' && <Generate {...shared} />}
        {view === 'compare' && <Compare {...shared} />}
        {view === 'account' && <Account client={client} account={account} onOtherKey={onOtherKey} />}
      </main>
    </>
  )
}

const usePlace = (): Place => {
  const [hash, setHash] = useState(() => location.hash)
  useEffect(() => {
    const changed = () => setHash(location.hash)
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  const place = useMemo(() => placeOf(hash), [hash])
  useEffect(() => {
    const name = place.view === undefined ? (place.shared === undefined ? 'Generation' : 'Shared') : VIEWS[place.view]
    document.title = `${name} · Rollover`
  }, [place])
  return place
}

interface HeaderProps {
  readonly place?: Place
  readonly balance?: number | undefined
  readonly onOtherKey?: () => void
}

const Header = ({ place, balance, onOtherKey }: HeaderProps) => (
  <header class="top">
    <a class="brand" href="#/generate">
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <rect x="2" y="13" width="4" height="9" rx="1" />
        <rect x="8" y="9" width="4" height="13" rx="1" />
        <rect x="14" y="5" width="4" height="17" rx="1" />
        <circle cx="21" cy="4" r="2" />
      </svg>
      Rollover
    </a>
    {place !== undefined && (
      <nav aria-label="Views">
        {(Object.keys(VIEWS) as View[]).map((name) => (
          <a key={name} href={`#/${name}`} aria-current={name === place.view ? 'page' : undefined}>
            {VIEWS[name]}
          </a>
        ))}
      </nav>
    )}
    <div class="aside">
      {place !== undefined && (
        <span class="balance">
          Balance <b>{balance === undefined ? '…' : formatMoney(balance)}</b>
        </span>
      )}
      <a href="/reference">API</a>
      {onOtherKey !== undefined && (
        <button type="button" class="quiet" onClick={onOtherKey}>
          Sign out
        </button>
      )}
    </div>
  </header>
)

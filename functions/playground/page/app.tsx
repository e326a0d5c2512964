/** The page around the views: who is asking, what is left, where one is. */
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import { Rollover } from '../../../shared/client/client.ts'
import { Account } from './account.tsx'
import { Compare } from './compare.tsx'
import { formatMoney } from './format.ts'
import { Generate } from './generate.tsx'
import { KeyGate } from './key-gate.tsx'
import { ProblemNote } from './problem-note.tsx'
import { type Asked, FIRST_ASKED } from './prompt-form.tsx'
import { dropKey, keepKey, takeKey } from './session.ts'
import { useAnswer } from './use-answer.ts'

const VIEWS = { generate: 'Generate', compare: 'Compare', account: 'Account' } as const
type View = keyof typeof VIEWS

const viewOf = (hash: string): View => {
  const name = hash.replace(/^#\//, '')
  return name in VIEWS ? (name as View) : 'generate'
}

export const App = () => {
  const [key, setKey] = useState(takeKey)
  useEffect(() => {
    const changed = () => setKey(takeKey())
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
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
  return <Opened key={key} apiKey={key} onOtherKey={leave} />
}

const Opened = ({ apiKey, onOtherKey }: { apiKey: string; onOtherKey: () => void }) => {
  const client = useMemo(() => new Rollover({ apiKey, baseUrl: location.origin }), [apiKey])
  const account = useAnswer(useCallback((signal: AbortSignal) => client.account({ signal }), [client]))
  const packs = useAnswer(useCallback((signal: AbortSignal) => client.packs({ signal }), [client]))
  const [asked, setAsked] = useState<Asked>(FIRST_ASKED)
  const view = useView()
  const shared = {
    client,
    pack: packs.answer?.[0],
    asked,
    onAsk: setAsked,
    onBalance: account.again,
    onOtherKey,
  }
  return (
    <>
      <Header view={view} balance={account.answer?.balance_micro_usd} onOtherKey={onOtherKey} />
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
        {view === 'generate' && <Generate {...shared} />}
        {view === 'compare' && <Compare {...shared} />}
        {view === 'account' && <Account client={client} account={account} onOtherKey={onOtherKey} />}
      </main>
    </>
  )
}

const useView = (): View => {
  const [view, setView] = useState(() => viewOf(location.hash))
  useEffect(() => {
    const changed = () => setView(viewOf(location.hash))
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  useEffect(() => {
    document.title = `${VIEWS[view]} · Rollover`
  }, [view])
  return view
}

interface HeaderProps {
  readonly view?: View
  readonly balance?: number | undefined
  readonly onOtherKey?: () => void
}

const Header = ({ view, balance, onOtherKey }: HeaderProps) => (
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
    {view !== undefined && (
      <nav aria-label="Views">
        {(Object.keys(VIEWS) as View[]).map((name) => (
          <a key={name} href={`#/${name}`} aria-current={name === view ? 'page' : undefined}>
            {VIEWS[name]}
          </a>
        ))}
      </nav>
    )}
    <div class="aside">
      {view !== undefined && (
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

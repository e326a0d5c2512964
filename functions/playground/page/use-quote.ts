/** What the request would cost, asked anew a moment after it last changed; nothing while it asks for nothing. */
import { useEffect, useState } from 'preact/hooks'
import type { NewGeneration, QuoteView, Rollover } from '../../../shared/client/client.ts'
import { isAsked } from './asked.ts'

const PAUSE_MS = 250

export interface Quoted {
  readonly quote?: QuoteView
  readonly error?: unknown
}

export const useQuote = (client: Rollover, request: NewGeneration): Quoted => {
  const [quoted, setQuoted] = useState<Quoted>({})
  const said = JSON.stringify(request)
  useEffect(() => {
    if (!isAsked(request)) return setQuoted({})
    const left = new AbortController()
    const timer = setTimeout(async () => {
      try {
        const quote = await client.quote(JSON.parse(said) as NewGeneration, { signal: left.signal })
        setQuoted({ quote })
      } catch (error) {
        if (!left.signal.aborted) setQuoted({ error })
      }
    }, PAUSE_MS)
    return () => {
      clearTimeout(timer)
      left.abort()
    }
  }, [client, said])
  return quoted
}

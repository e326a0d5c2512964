/** An answer of the API as a view shows it: none yet, there, or refused; asked again on demand. */
import { useCallback, useEffect, useState } from 'preact/hooks'

export interface Answered<Answer> {
  readonly answer?: Answer
  readonly error?: unknown
  /** Asks again; what was there stays until the new answer is. */
  again(): void
}

/** @param ask must be the same function until another question is meant. */
export const useAnswer = <Answer>(ask: (signal: AbortSignal) => Promise<Answer>): Answered<Answer> => {
  const [state, setState] = useState<{ answer?: Answer; error?: unknown }>({})
  const [asked, setAsked] = useState(0)
  useEffect(() => {
    const left = new AbortController()
    ask(left.signal).then(
      (answer) => left.signal.aborted || setState({ answer }),
      (error) => left.signal.aborted || setState(({ answer }) => ({ ...(answer !== undefined && { answer }), error })),
    )
    return () => left.abort()
  }, [ask, asked])
  const again = useCallback(() => setAsked((count) => count + 1), [])
  return { ...state, again }
}

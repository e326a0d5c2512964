/** What went wrong, in words, and what the visitor can do about it. */
import { RolloverConnectionError, RolloverError } from '../../../shared/client/client.ts'
import { formatCount } from './format.ts'

export interface ProblemActions {
  readonly onOtherKey?: () => void
  readonly onBudget?: (nfe: number) => void
  readonly onRetry?: () => void
}

export const ProblemNote = ({ error, onOtherKey, onBudget, onRetry }: { error: unknown } & ProblemActions) => {
  const { title, text, faults } = wordsOf(error)
  const available = error instanceof RolloverError ? error.problem?.nfe_available : undefined
  const locked = error instanceof RolloverError && error.status === 401
  const waiting = error instanceof RolloverConnectionError || (error instanceof RolloverError && error.retryable)
  return (
    <div class="note bad" role="alert">
      <strong>{title}</strong>
      {faults.length === 0 && <p>{text}</p>}
      {faults.length > 0 && (
        <ul>
          {faults.map((fault) => (
            <li key={fault}>{fault}</li>
          ))}
        </ul>
      )}
      <div class="row">
        {locked && onOtherKey !== undefined && (
          <button type="button" onClick={onOtherKey}>
            Use another key
          </button>
        )}
        {available !== undefined && available > 0 && onBudget !== undefined && (
          <button type="button" onClick={() => onBudget(available)}>
            Lower the budget to {formatCount(available)} NFEs
          </button>
        )}
        {waiting && onRetry !== undefined && (
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        )}
      </div>
    </div>
  )
}

const wordsOf = (error: unknown): { title: string; text: string; faults: readonly string[] } => {
  if (error instanceof RolloverConnectionError)
    return {
      title: 'The service does not answer',
      text: 'Nothing is lost: what was accepted goes on, and nothing is charged twice. Check the connection and try again.',
      faults: [],
    }
  if (!(error instanceof RolloverError))
    return {
      title: 'The page met something unexpected',
      text: error instanceof Error ? error.message : String(error),
      faults: [],
    }
  const faults = error.errors.map(
    ({ pointer, detail }) => `${pointer.slice(1).replaceAll('/', ' › ') || 'request'}: ${detail}`,
  )
  if (error.status === 401)
    return {
      title: 'This key opens nothing',
      text: 'It has expired, was revoked, or was mistyped. Paste another one; your account and its images are as they were.',
      faults,
    }
  if (error.code === 'insufficient_budget')
    return { title: 'The balance does not cover this budget', text: `${error.message} Nothing was held.`, faults }
  return { title: error.problem?.title ?? 'The service refused', text: error.message, faults }
}

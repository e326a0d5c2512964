/** `--event`, of the commands that make an endpoint. */
import { EVENT_TYPES } from '../../contract/event.ts'
import { UsageError } from './command.ts'

export const EVENT_OPTION = {
  type: 'string',
  value: 'TYPE',
  multiple: true,
  summary: 'only these; all unless said',
  choices: EVENT_TYPES,
} as const

/** Throws UsageError on a type that does not exist. */
export const eventsOf = (named: readonly string[]): (typeof EVENT_TYPES)[number][] => {
  const events = EVENT_TYPES.filter((type) => named.includes(type))
  if (events.length < named.length) throw new UsageError(`--event takes one of ${EVENT_TYPES.join(', ')}`)
  return events
}

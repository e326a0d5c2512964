/**
 * JSON Lines into requests, and one budget into shares: lines that name none get equal parts of what the others leave.
 * Pointers name the line, counted from 0, and the place in it: "/3/prompt".
 */
import { type BatchLine, batchLineSchema, MAX_BATCH_LINES } from '../../../shared/contract/batch.ts'
import type { GenerationRequest } from '../../../shared/contract/generation.ts'
import { type FieldError, ProblemError } from '../../../shared/contract/problem.ts'
import { findOddLength } from '../../../shared/domain/odd-length.ts'
import type { AddressPolicy } from '../../../shared/domain/public-address.ts'
import { refuseFields } from '../generations/check-request.ts'
import { fieldErrors } from '../http/problems.ts'

export interface ReadLine {
  readonly id: string | undefined
  readonly request: GenerationRequest
}

const MAX_FAULTS = 32

/** @param budget NFEs all lines share; undefined when each names its own. Throws `invalid_request` with every fault. */
export const readBatch = (
  text: string,
  { webhooks, budget }: { webhooks: AddressPolicy; budget: number | undefined },
): ReadLine[] => {
  const lines = readLines(text, webhooks)
  const ids = lines.flatMap(({ id }, at) => (id === undefined ? [] : [{ id, at }]))
  const twice = ids.filter(({ id }, place) => ids.findIndex((other) => other.id === id) !== place)
  if (twice.length > 0)
    throw refuseFields(twice.map(({ at }) => ({ pointer: `/${at}/id`, detail: 'another line has this id' })))
  const share = shareOf(lines, budget)
  return lines.map(({ id, nfe_budget: own = share, ...request }) => ({ id, request: { ...request, nfe_budget: own } }))
}

const readLines = (text: string, webhooks: AddressPolicy): BatchLine[] => {
  const rows = text.split('\n').filter((row) => row.trim() !== '')
  if (rows.length === 0) throw new ProblemError('malformed_json', 'The body has no line.')
  if (rows.length > MAX_BATCH_LINES)
    throw refuseFields([{ pointer: '', detail: `${rows.length} lines; a batch takes at most ${MAX_BATCH_LINES}` }])
  const schema = batchLineSchema(webhooks)
  const faults: FieldError[] = []
  const lines = rows.flatMap((row, at) => {
    const parsed = schema.safeParse(parseRow(row))
    if (parsed.success) return [parsed.data]
    faults.push(...fieldErrors(parsed.error).map(({ pointer, detail }) => ({ pointer: `/${at}${pointer}`, detail })))
    return []
  })
  if (faults.length > 0) throw refuseFields(faults.slice(0, MAX_FAULTS))
  return lines
}

/** What is not JSON, or none that a schema can read, is left to the schema to refuse, with its line. */
const parseRow = (row: string): unknown => {
  try {
    const json: unknown = JSON.parse(row)
    return findOddLength(json) === undefined ? json : undefined
  } catch {
    return undefined
  }
}

const shareOf = (lines: readonly BatchLine[], budget: number | undefined): number => {
  const sharing = lines.flatMap(({ nfe_budget: own }, at) => (own === undefined ? [at] : []))
  const said = lines.reduce((sum, { nfe_budget: own = 0 }) => sum + own, 0)
  if (budget === undefined) {
    if (sharing.length > 0)
      throw refuseFields(
        sharing.map((at) => ({
          pointer: `/${at}/nfe_budget`,
          detail: 'neither the line nor the batch names a budget',
        })),
      )
    return 0
  }
  const left = budget - said
  if (left < sharing.length)
    throw refuseFields([
      {
        pointer: '/nfe_budget',
        detail: `the lines name ${said} NFEs of ${budget}, and ${sharing.length} more share the rest`,
      },
    ])
  return sharing.length === 0 ? 0 : Math.floor(left / sharing.length)
}

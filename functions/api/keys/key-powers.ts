/**
 * What a key may do with the keys of its account: nothing that would give anybody more than it may do itself. Without such a
 * rule the narrowest key with `account:write` could make itself the widest.
 */
import type { NewKeyRequest } from '../../../shared/contract/key.ts'
import { type FieldError, ProblemError } from '../../../shared/contract/problem.ts'
import type { ApiKey } from '../../../shared/stores/api-keys.ts'

const CAPS = ['nfe_per_request', 'nfe_per_day', 'nfe_per_month'] as const

type Powers = Pick<ApiKey, 'scopes' | 'packs' | 'expires_at' | (typeof CAPS)[number]>

/** Of a key that is asked for. */
export const powersOf = (request: NewKeyRequest): Powers => ({
  ...request,
  expires_at: request.expires_at === null ? null : Date.parse(request.expires_at),
})

/** Throws `forbidden` with each power that goes beyond those of the key that asks. @param by undefined for the administration. */
export const refuseBeyondPowers = (by: ApiKey | undefined, asked: Powers): void => {
  if (by === undefined) return
  const errors: FieldError[] = []
  for (const [at, scope] of asked.scopes.entries())
    if (!by.scopes.includes(scope)) errors.push({ pointer: `/scopes/${at}`, detail: `the asking key lacks ${scope}` })
  for (const cap of CAPS) if (isWider(by[cap], asked[cap])) errors.push({ pointer: `/${cap}`, detail: atMost(by[cap]) })
  if (isWider(by.expires_at, asked.expires_at))
    errors.push({ pointer: '/expires_at', detail: 'the asking key expires before' })
  const { packs } = by
  if (packs !== null && !asked.packs?.every((pack) => packs.includes(pack)))
    errors.push({ pointer: '/packs', detail: `the asking key may use ${packs.join(', ')} only` })
  if (errors.length > 0) throw new ProblemError('forbidden', `The key "${by.name}" may not give that.`, { errors })
}

/**
 * A cap for a day or a month is counted by key, so a key with one must not come by another: it may act on itself only.
 * @param on the key that is acted on; undefined when it is to be made.
 */
export const refuseBeyondReach = (by: ApiKey | undefined, on?: ApiKey): void => {
  if (by === undefined || (by.nfe_per_day === null && by.nfe_per_month === null) || by.id === on?.id) return
  throw new ProblemError('forbidden', `The key "${by.name}" has a cap for a day or a month and may manage itself only.`)
}

/** Whether a limit gives more than another; null is no limit. */
const isWider = (limit: number | null, asked: number | null): boolean =>
  limit !== null && (asked === null || asked > limit)

const atMost = (cap: number | null): string => `the asking key has at most ${cap}`

/**
 * Idempotency-Key on every POST: the first answer is kept for a day and given again, marked `Idempotent-Replayed: true`.
 *
 * - Another request under the same key is refused (422), the same one still at work too (409).
 * - A try that died is taken up by the next one once its claim ran out. That one draws the same ids and secrets (draw.ts), so
 *   whatever the first had written is met, and nothing is held or made twice.
 * - What was refused (4xx) changed nothing: the key is forgotten, and may come again, mended or after a credit.
 */
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { ProblemError } from '../../../shared/contract/problem.ts'
import {
  canonicalBody,
  keyedDigest,
  MAX_IDEMPOTENCY_KEY_LENGTH,
  parseIdempotencyKey,
} from '../../../shared/domain/idempotency-key.ts'
import { openText, sealText } from '../../../shared/domain/sealed-text.ts'
import {
  type ClaimOutcome,
  claimIdempotencyKey,
  forgetKey,
  type IdempotencyRecord,
  releaseClaim,
  type StoredAnswer,
  storeAnswer,
} from '../../../shared/stores/idempotency.ts'
import type { ApiContext, ApiEnv } from '../context.ts'
import { drawSeeded } from './draw.ts'

/** Longer than any create takes; a second try that comes too early after all repeats the same writes. */
const CLAIM_MS = 30_000
/** Nearly every first try has answered by then: until so long after its claim, it is worth asking again in a second. */
const ANSWERED_MS = 2000
/** Routes of the administration key have no account; `admin` is no account's id. */
const ADMIN_SCOPE = 'admin'
const KEPT_HEADERS = ['content-type', 'location']

/** These cost and leave nothing, and must not be answered with yesterday's. */
const FREE = new Set(['/v1/quotes'])

interface Keyed {
  readonly accountId: string
  /** The client's key. */
  readonly key: string
  readonly digest: string
}

export const idempotent = (api: ApiContext) =>
  createMiddleware<ApiEnv>(async (context, next) => {
    const header = context.req.header('idempotency-key')
    if (context.req.method !== 'POST' || header === undefined || FREE.has(context.req.path)) return next()
    const keyed = readKey(api, context, header)
    const claim = await claimIdempotencyKey(api.table, {
      ...keyed,
      fingerprint: await fingerprintOf(api, context),
      nonce: Buffer.from(api.randomBytes(16)).toString('base64'),
      token: Buffer.from(api.randomBytes(16)).toString('base64'),
      now: api.now(),
      claimMs: CLAIM_MS,
    })
    if (claim.kind === 'answered') return replay(api, keyed, claim)
    const { record } = claimedOrThrow(claim, api.now())
    const seed = keyedDigest(api.keyPepper, 'idempotent draw', keyed.accountId, keyed.key, record.nonce)
    context.set('draw', drawSeeded({ seed, at: record.at, resumed: record.tries > 1 }))
    await next()
    await keepOutcome(api, { ...keyed, record, response: context.res })
  })

const readKey = (api: ApiContext, context: Context<ApiEnv>, header: string): Keyed => {
  const key = parseIdempotencyKey(header)
  if (key === undefined)
    throw new ProblemError(
      'invalid_header',
      `Idempotency-Key takes 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} printable ASCII characters, quoted or bare.`,
    )
  const accountId = context.get('accountId') ?? ADMIN_SCOPE
  return { accountId, key, digest: keyedDigest(api.keyPepper, 'idempotency key', accountId, key).toString('hex') }
}

/** Keyed, so that the table tells nobody what was asked. */
const fingerprintOf = async (api: ApiContext, { req }: Context<ApiEnv>): Promise<string> => {
  const body = canonicalBody(await req.text())
  return keyedDigest(api.keyPepper, 'fingerprint', req.method, new URL(req.url).search, req.path, body).toString('hex')
}

const claimedOrThrow = (
  claim: Exclude<ClaimOutcome, { kind: 'answered' }>,
  now: number,
): ClaimOutcome & { kind: 'claimed' } => {
  switch (claim.kind) {
    case 'claimed':
      return claim
    case 'other request':
      throw new ProblemError(
        'idempotency_key_reused',
        'This Idempotency-Key was used with another request. Draw a new one.',
      )
    case 'in progress': {
      const leftMs = claim.until - now
      const seconds = leftMs > CLAIM_MS - ANSWERED_MS ? 1 : Math.max(1, Math.ceil(leftMs / 1000))
      throw new ProblemError(
        'idempotency_in_progress',
        'The first request with this Idempotency-Key is still at work.',
        {
          headers: { 'retry-after': String(seconds) },
        },
      )
    }
  }
}

const sealingKey = (api: ApiContext, keyed: Keyed, record: IdempotencyRecord): Uint8Array =>
  keyedDigest(api.keyPepper, 'idempotent answer', keyed.accountId, keyed.key, record.nonce)

/** A failure to keep the answer is not told: what was made stands, and the next try meets it. */
const keepOutcome = async (
  api: ApiContext,
  done: Keyed & { record: IdempotencyRecord; response: Response },
): Promise<void> => {
  const { response, record } = done
  try {
    if (response.status >= 500) await releaseClaim(api.table, done)
    else if (response.status >= 400) await (record.tries === 1 ? forgetKey : releaseClaim)(api.table, done)
    else await storeAnswer(api.table, { ...done, answer: await answerOf(api, done) })
  } catch (error) {
    console.error(JSON.stringify({ level: 'error', where: 'idempotency', error: String(error) }))
  }
}

const answerOf = async (
  api: ApiContext,
  { response, record, ...keyed }: Keyed & { record: IdempotencyRecord; response: Response },
): Promise<StoredAnswer> => ({
  status: response.status,
  headers: Object.fromEntries([...response.headers].filter(([name]) => KEPT_HEADERS.includes(name))),
  sealed: sealText(await response.clone().text(), sealingKey(api, keyed, record), api.randomBytes(12)).toString(
    'base64',
  ),
})

const replay = (api: ApiContext, keyed: Keyed, stored: ClaimOutcome & { kind: 'answered' }): Response => {
  const { status, headers, sealed } = stored.answer
  const body = openText(Buffer.from(sealed, 'base64'), sealingKey(api, keyed, stored.record))
  return new Response(body === '' ? null : body, { status, headers: { ...headers, 'idempotent-replayed': 'true' } })
}

/** The rule of a key's rotation: never more than two live secrets, and nobody's overlap is cut short unasked. */
import { ProblemError } from '../../../shared/contract/problem.ts'
import type { KeySecret } from '../../../shared/stores/api-keys.ts'

/** Ended secrets are kept this long, so that who still uses one is told that it was rotated. */
const KEEP_ENDED_MS = 30 * 86_400_000
const MAX_KEPT = 10

/**
 * The secrets after a rotation, newest first. Without an overlap the others end now; with one the current secret ends after
 * it, and a rotation while two are live is refused with `key_rotating`.
 * Rotated again with the same fresh secret (a request made twice) nothing changes.
 */
export const rotateSecrets = (
  secrets: readonly KeySecret[],
  { fresh, now, overlapMs }: { fresh: KeySecret; now: number; overlapMs: number },
): KeySecret[] => {
  if (secrets.some(({ hash }) => hash === fresh.hash)) return [...secrets]
  const live = secrets.filter(({ expires_at }) => expires_at === null || expires_at > now)
  if (overlapMs > 0 && live.length > 1) {
    const ends = Math.min(...live.map(({ expires_at }) => expires_at ?? Number.POSITIVE_INFINITY))
    throw new ProblemError(
      'key_rotating',
      `Two secrets of this key are live until ${new Date(ends).toISOString()}. Rotate again after that, or with overlap_seconds 0, which ends both now.`,
    )
  }
  const ended = secrets.map((secret) => ({
    ...secret,
    expires_at: Math.min(secret.expires_at ?? Number.POSITIVE_INFINITY, now + overlapMs),
  }))
  const kept = ended.filter(({ expires_at }) => expires_at + KEEP_ENDED_MS > now).slice(0, MAX_KEPT)
  return [fresh, ...kept]
}

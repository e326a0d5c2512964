/** Ids of events that no generation names. */
import { createHash } from 'node:crypto'
import { encodeTime } from 'ulid'

const TIME_CHARACTERS = 10
const SUBJECT_CHARACTERS = 16
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/**
 * The id of what happened to a subject at a time: the same for the same two, so that it can be announced again, and
 * shaped like a ulid, so that deliveries stay in the order of time.
 * @param timestamp epoch milliseconds.
 * @param subject what it happened to, for example `we_01... disabled`.
 */
export const eventIdAt = (timestamp: number, subject: string): string => {
  const digest = createHash('sha256').update(subject).digest().subarray(0, SUBJECT_CHARACTERS)
  const tail = Array.from(digest, (byte) => CROCKFORD[byte % CROCKFORD.length]).join('')
  return `evt_${encodeTime(timestamp, TIME_CHARACTERS)}${tail}`
}

/**
 * Candidates as people who watch see them: what each scored, a thumbnail of each, the best so far as a larger image. All of it
 * from what was decoded for the reward anyway: it costs no NFE, and no run of a graph. Paths are drawn here, those that are shown.
 */
import type { ProgressEvent, ShownCandidate } from '../../shared/contract/live-event.ts'
import type { ContentCheck } from '../content/check-content.ts'
import type { Seen } from '../engine/evaluate-asks.ts'
import { encodePreview, encodeThumbnails, rasterize } from '../image/encode-image.ts'
import type { Picture } from '../image/small-picture.ts'
import { drawPath } from '../path/path.ts'
import type { CandidateRecord, SearchProgress } from '../search/search.ts'

/** Longest side, in pixels, of what is kept of each candidate and shown of the best. */
export const PICTURE_SIDE = 128
const THUMBNAIL_SIDE = 32
/** Candidates of one event. A machine that is faster than people can look shows a part; the trace has all. */
const MOST = 48

export type Watched = Pick<ProgressEvent, 'preview' | 'candidates' | 'thumbnails'>

/** Of a search that nobody asked to watch. */
export const UNWATCHED: Watched = { preview: null, candidates: [], thumbnails: null }

export interface ShownCandidates {
  /** @param pictures one a record, same order. */
  add(records: readonly CandidateRecord[], pictures: readonly (Seen | undefined)[]): void
  /** What was added since it was last taken. */
  take(progress: SearchProgress): Promise<Watched>
}

interface Kept {
  readonly shown: ShownCandidate
  readonly picture: Seen | undefined
}

/**
 * Pictures that the content policy holds back are not shown: of thumbnails, all of an event or none.
 * @param nfeBefore NFEs of the searches that this one extends: its own count begins behind them.
 */
export const showCandidates = (content: Pick<ContentCheck, 'image'>, nfeBefore: number): ShownCandidates => {
  let kept: Kept[] = []
  let best: { picture: Seen; reward: number } | undefined
  return {
    add: (records, pictures) => {
      for (const [at, record] of records.entries()) {
        const picture = pictures[at]
        kept.push({ shown: shownOf(record, nfeBefore), picture })
        const { reward } = record
        if (picture !== undefined && reward !== undefined && reward > (best?.reward ?? -Infinity))
          best = { picture, reward }
      }
      if (kept.length > 2 * MOST) kept = thinned(kept)
    },
    take: async ({ bestReward }) => {
      const taken = thinned(kept)
      kept = []
      // An attempt that goes on from a checkpoint may know a better one than it has seen.
      const preview = best !== undefined && best.reward >= (bestReward ?? -Infinity) ? best.picture : undefined
      if (preview !== undefined) best = undefined
      const pictures = await Promise.all(taken.flatMap(({ picture }) => (picture === undefined ? [] : drawn(picture))))
      return {
        candidates: taken.map(({ shown }) => shown),
        thumbnails:
          pictures.length === 0 ? null : await shown(content, await encodeThumbnails(pictures, THUMBNAIL_SIDE)),
        preview: preview === undefined ? null : await shown(content, await encodePreview(await drawn(preview))),
      }
    },
  }
}

const drawn = async (seen: Seen): Promise<Picture> =>
  'pixels' in seen ? seen : rasterize(drawPath(seen), PICTURE_SIDE)

const shownOf = (record: CandidateRecord, nfeBefore: number): ShownCandidate => ({
  nfe: record.nfe - nfeBefore,
  step: record.step,
  lane: record.lane,
  reward: record.reward ?? null,
  accepted: record.accepted,
  quota: record.quota,
})

/** At most MOST: first what was accepted, then the others evenly; in their order. */
const thinned = (kept: readonly Kept[]): Kept[] => {
  if (kept.length <= MOST) return [...kept]
  const accepted = kept.filter(({ shown }) => shown.accepted)
  const others = kept.filter(({ shown }) => !shown.accepted)
  const chosen = new Set(evenly(accepted, MOST))
  for (const one of evenly(others, MOST - chosen.size)) chosen.add(one)
  return kept.filter((one) => chosen.has(one))
}

const evenly = <Thing>(things: readonly Thing[], most: number): Thing[] =>
  things.length <= most
    ? [...things]
    : Array.from({ length: most }, (_, at) => things[Math.floor((at * things.length) / most)] as Thing)

const shown = async (content: Pick<ContentCheck, 'image'>, webp: Uint8Array): Promise<string | null> => {
  const refused = await content.image({ bytes: webp, contentType: 'image/webp' })
  return refused === undefined ? `data:image/webp;base64,${Buffer.from(webp).toString('base64')}` : null
}

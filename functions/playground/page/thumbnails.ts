/** Thumbnails of candidates: each event brings one picture in which they stand one below the other. */
import type { ProgressEvent, ShownCandidate } from '../../../shared/contract/live-event.ts'

export interface Thumbnail {
  readonly sheet: HTMLImageElement
  /** Its place in the sheet, from the top, and how many there are. */
  readonly at: number
  readonly of: number
}

/** By the NFE at which a candidate was told. */
export type Thumbnails = ReadonlyMap<number, Thumbnail>

export const NO_THUMBNAILS: Thumbnails = new Map()

/** Those of an event beside those before it. */
export const withThumbnails = (before: Thumbnails, { candidates, thumbnails }: ProgressEvent): Thumbnails => {
  if (thumbnails === null) return before
  const seen = candidates.filter(({ reward }) => reward !== null)
  const sheet = new Image()
  sheet.src = thumbnails
  return new Map([
    ...before,
    ...seen.map(({ nfe }: ShownCandidate, at) => [nfe, { sheet, at, of: seen.length }] as const),
  ])
}

/** Calls back as the browser reads what is not read yet. @returns what ends that. */
export const whenRead = (thumbnails: Thumbnails, then: () => void): (() => void) => {
  const unread = new Set([...thumbnails.values()].map(({ sheet }) => sheet).filter(({ complete }) => !complete))
  for (const sheet of unread) sheet.addEventListener('load', then)
  return () => {
    for (const sheet of unread) sheet.removeEventListener('load', then)
  }
}

/** Draws one into a square. Nothing is drawn, and false returned, until the browser has read the sheet. */
export const drawThumbnail = (
  context: CanvasRenderingContext2D,
  { sheet, at, of }: Thumbnail,
  { x, y, side }: { x: number; y: number; side: number },
): boolean => {
  if (!sheet.complete || sheet.naturalWidth === 0) return false
  const tall = sheet.naturalHeight / of
  context.drawImage(sheet, 0, at * tall, sheet.naturalWidth, tall, x, y, side, side)
  return true
}

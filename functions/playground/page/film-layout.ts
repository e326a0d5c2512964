/** Where each thumbnail stands: a column a step, filled from the bottom, as large as the fullest column allows. */
import { LEFT, RIGHT, TOP } from './draw-frame.ts'
import type { SearchPicture, Told } from './search-columns.ts'

export interface FilmLayout {
  readonly side: number
  readonly columnWidth: number
  /** Thumbnails side by side in a column. */
  readonly across: number
}

const LARGEST = 44
const SMALLEST = 9
const BETWEEN_COLUMNS = 12
const BETWEEN = 2

/** @param whole what the columns are made for, so that a replay does not move them. */
export const layFilm = (whole: SearchPicture, { width, floor }: { width: number; floor: number }): FilmLayout => {
  const room = floor - TOP
  const even = (width - LEFT - RIGHT) / Math.max(1, whole.steps)
  const fullest = Math.max(1, ...whole.columns.map(({ candidates }) => candidates.length))
  for (let side = LARGEST; ; side--) {
    const columnWidth = Math.max(even, side + BETWEEN_COLUMNS)
    const across = Math.max(1, Math.floor((columnWidth - BETWEEN_COLUMNS) / (side + BETWEEN)))
    if (side <= SMALLEST || Math.ceil(fullest / across) * (side + BETWEEN) <= room) return { side, columnWidth, across }
  }
}

/** How wide all columns are together, margins included. */
export const filmWidth = ({ columnWidth }: FilmLayout, steps: number): number => LEFT + steps * columnWidth + RIGHT

/** The middle of the column is 0, the floor too. */
export const placeOf = (
  { side, across }: FilmLayout,
  at: number,
  among: number,
): { readonly x: number; readonly y: number } => {
  const [line, row] = [at % across, Math.floor(at / across)]
  const wide = Math.min(across, among) * (side + BETWEEN) - BETWEEN
  return { x: -wide / 2 + line * (side + BETWEEN), y: -(row + 1) * (side + BETWEEN) }
}

/** The candidate at a point of the drawing. */
export const candidateAt = (
  picture: SearchPicture,
  layout: FilmLayout,
  { x, y, floor }: { x: number; y: number; floor: number },
): Told | undefined => {
  const step = Math.floor((x - LEFT) / layout.columnWidth)
  const candidates = picture.columns.find((column) => column.step === step)?.candidates ?? []
  const middle = LEFT + (step + 0.5) * layout.columnWidth
  return candidates.find((_, at) => {
    const place = placeOf(layout, at, candidates.length)
    const [dx, dy] = [x - middle - place.x, y - floor - place.y]
    return dx >= 0 && dx <= layout.side && dy >= 0 && dy <= layout.side
  })
}

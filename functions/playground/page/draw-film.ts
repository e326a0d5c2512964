/** Candidates by what they look like: thumbnails in the column of their step, accepted ones framed and joined into a path. */
import { type Frame, isVisible, LEFT } from './draw-frame.ts'
import { type FilmLayout, placeOf } from './film-layout.ts'
import { pathsOf, type SearchPicture, type Told } from './search-columns.ts'
import { drawThumbnail, type Thumbnails } from './thumbnails.ts'

export interface Film {
  readonly layout: FilmLayout
  readonly thumbnails: Thumbnails
  /** The one that is pointed at. */
  readonly marked?: Told | undefined
}

interface Tile {
  readonly one: Told
  readonly x: number
  readonly y: number
}

export const drawFilm = (frame: Frame, picture: SearchPicture, { layout, thumbnails, marked }: Film): void => {
  const { context, colors, x, floor } = frame
  const { side } = layout
  const tiles = new Map<Told, Tile>()
  for (const { step, candidates } of picture.columns)
    for (const [at, one] of candidates.entries()) {
      const place = placeOf(layout, at, candidates.length)
      tiles.set(one, { one, x: x(step) + place.x, y: floor + place.y })
    }
  context.lineWidth = 2
  context.strokeStyle = colors.path
  for (const path of pathsOf(picture).values()) {
    context.beginPath()
    for (const one of path) {
      const tile = tiles.get(one)
      if (tile !== undefined) context.lineTo(tile.x + side / 2, tile.y + side / 2)
    }
    context.stroke()
  }
  for (const tile of tiles.values()) if (isVisible(frame, tile.one.step)) drawTile(frame, tile, { side, thumbnails })
  context.strokeStyle = colors.accepted
  for (const { one, x: left, y } of tiles.values())
    if (one.accepted || one.nfe === marked?.nfe) {
      context.lineWidth = one.nfe === marked?.nfe ? 3 : Math.min(2, side / 8)
      context.strokeRect(left, y, side, side)
    }
  context.fillStyle = colors.card
  context.fillRect(0, 0, LEFT - 4, floor)
}

const drawTile = (
  { context, colors }: Frame,
  { one, x, y }: Tile,
  { side, thumbnails }: { side: number; thumbnails: Thumbnails },
): void => {
  const thumbnail = thumbnails.get(one.nfe)
  context.globalAlpha = one.accepted ? 1 : 0.72
  if (thumbnail === undefined || !drawThumbnail(context, thumbnail, { x, y, side })) {
    // Not looked at by the reward, or not sent: its place stays.
    context.fillStyle = colors.dot
    context.globalAlpha = one.accepted ? 1 : 0.35
    context.fillRect(x, y, side, side)
  }
  context.globalAlpha = 1
}

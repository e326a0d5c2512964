/** The candidate under the pointer, larger, with what is known of it. */
import { useEffect, useRef } from 'preact/hooks'
import { formatReward } from './format.ts'
import type { Told } from './search-columns.ts'
import { drawThumbnail, type Thumbnails } from './thumbnails.ts'

export interface Pointed {
  readonly one: Told
  /** Where, in the drawing, and how wide that is. */
  readonly x: number
  readonly y: number
  readonly width: number
}

const SIDE = 112
const CARD_WIDTH = 140

export const PointedCard = ({ one, x, y, width, thumbnails }: Pointed & { thumbnails: Thumbnails }) => {
  const canvas = useRef<HTMLCanvasElement>(null)
  const thumbnail = thumbnails.get(one.nfe)
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (context == null || thumbnail === undefined) return
    context.clearRect(0, 0, SIDE, SIDE)
    drawThumbnail(context, thumbnail, { x: 0, y: 0, side: SIDE })
  }, [thumbnail])
  const left = x + CARD_WIDTH + 24 > width ? x - CARD_WIDTH - 14 : x + 14
  return (
    <div class="pointed" style={{ left: `${left}px`, top: `${Math.max(0, y - 60)}px` }} aria-hidden="true">
      {thumbnail !== undefined && <canvas ref={canvas} width={SIDE} height={SIDE} />}
      <b>reward {formatReward(one.reward)}</b>
      <span>
        step {one.step + 1}, lane {one.lane + 1}
      </span>
      <span>NFE {one.nfe}</span>
      {one.accepted && <span class="yes">accepted</span>}
    </div>
  )
}

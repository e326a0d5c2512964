/** Quotas as bars: what a step spent, what it saved, and the ribbon by which the saved part reaches the next bar. */
import { AXIS_HEIGHT, type Frame, GAP, isVisible, LEFT, QUOTA_HEIGHT } from './draw-frame.ts'
import type { Column, SearchPicture } from './search-columns.ts'

/** @param most the tallest bar there will be. */
export const drawQuotas = (frame: Frame, { columns, steps }: SearchPicture, most: number): void => {
  const { context, colors, floor, x, columnWidth } = frame
  const bottom = floor + GAP + QUOTA_HEIGHT
  const bar = Math.max(1.5, Math.min(22, columnWidth * 0.6))
  const tall = (nfe: number) => (nfe / most) * QUOTA_HEIGHT
  const block = ({ step }: Column, [from, to]: readonly [number, number], color: string) => {
    context.fillStyle = color
    context.fillRect(x(step) - bar / 2, bottom - tall(to), bar, tall(to - from))
  }
  for (const [at, column] of columns.entries()) {
    if (!isVisible(frame, column.step)) continue
    const next = columns[at + 1]
    if (next !== undefined && next.received > 0) drawRibbon(frame, { from: column, to: next, bar, tall, bottom })
    block(column, [column.used, column.quota], colors.quota)
    block(column, [0, column.used], colors.used)
    // What was received stands on top of the step's own share; the part of it that was spent shows.
    const own = column.quota - column.received
    if (column.used > own) block(column, [own, column.used], colors.accepted)
  }
  drawAxes(frame, { most, bottom, steps })
}

interface Ribbon {
  readonly from: Column
  readonly to: Column
  readonly bar: number
  readonly tall: (nfe: number) => number
  readonly bottom: number
}

const drawRibbon = ({ context, colors, x }: Frame, { from, to, bar, tall, bottom }: Ribbon): void => {
  const [left, right] = [x(from.step) + bar / 2, x(to.step) - bar / 2]
  const middle = (left + right) / 2
  const [leftTop, leftBottom] = [bottom - tall(from.quota), bottom - tall(from.quota - to.received)]
  const [rightTop, rightBottom] = [bottom - tall(to.quota), bottom - tall(to.quota - to.received)]
  context.globalAlpha = 0.55
  context.fillStyle = colors.quota
  context.beginPath()
  context.moveTo(left, leftTop)
  context.bezierCurveTo(middle, leftTop, middle, rightTop, right, rightTop)
  context.lineTo(right, rightBottom)
  context.bezierCurveTo(middle, rightBottom, middle, leftBottom, left, leftBottom)
  context.fill()
  context.globalAlpha = 1
}

const drawAxes = (frame: Frame, { most, bottom, steps }: { most: number; bottom: number; steps: number }): void => {
  const { context, colors, width, x, columnWidth } = frame
  context.fillStyle = colors.card
  context.fillRect(0, bottom - QUOTA_HEIGHT - 12, LEFT - 4, QUOTA_HEIGHT + AXIS_HEIGHT + 12)
  context.fillStyle = colors.grid
  context.fillRect(LEFT, bottom, width - LEFT, 1)
  context.fillStyle = colors.text
  context.textBaseline = 'middle'
  context.textAlign = 'right'
  context.fillText(String(Math.round(most)), LEFT - 8, bottom - QUOTA_HEIGHT + 4)
  context.fillText('0', LEFT - 8, bottom - 4)
  context.textAlign = 'center'
  const every = Math.max(1, Math.ceil(34 / columnWidth))
  for (let step = 0; step < steps; step += every)
    if (isVisible(frame, step) && x(step) > LEFT) context.fillText(String(step + 1), x(step), bottom + AXIS_HEIGHT / 2)
}

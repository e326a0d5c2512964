/** Candidates by what they scored: dots in the column of their step, accepted ones joined into the path of their lane. */
import { type Frame, LEFT, RIGHT, TOP } from './draw-frame.ts'
import { type Range, rewardAt, rootScale } from './root-scale.ts'
import { pathsOf, type SearchPicture, type Told } from './search-columns.ts'

/** Rewards of the middle 96 %, widened: a few hopeless candidates must not flatten the rest. */
export const rewardRange = ({ columns }: SearchPicture): Range => {
  const rewards = columns
    .flatMap(({ candidates }) => candidates.flatMap(({ reward }) => reward ?? []))
    .toSorted((a, b) => a - b)
  const low = rewards[Math.floor(rewards.length * 0.04)] ?? -1
  const high = Math.max(rewards.at(-1) ?? 0, low + 0.1)
  return { low: low - (high - low) * 0.04, high: high + (high - low) * 0.003 }
}

export const drawRewards = (frame: Frame, picture: SearchPicture, range: Range): void => {
  const { context, colors, floor, x, columnWidth } = frame
  const y = (reward: number) => TOP + Math.min(1, rootScale(reward, range)) * (floor - TOP)
  drawScale(frame, range, y)
  const radius = Math.max(1.6, Math.min(4, columnWidth / 3))
  const place = (one: Told) => ({
    x: x(one.step) + spread(one) * Math.max(0, columnWidth - 2 * radius),
    y: y(one.reward ?? 0),
  })
  context.fillStyle = colors.dot
  for (const { candidates } of picture.columns)
    for (const one of candidates) if (one.reward !== null && !one.accepted) disc(context, place(one), radius)
  context.lineWidth = 1.5
  context.strokeStyle = colors.path
  context.fillStyle = colors.accepted
  for (const path of pathsOf(picture).values()) {
    const places = path.map(place)
    context.beginPath()
    for (const at of places) context.lineTo(at.x, at.y)
    context.stroke()
    for (const at of places) disc(context, at, radius + 0.6)
  }
}

const drawScale = ({ context, colors, width }: Frame, range: Range, y: (reward: number) => number): void => {
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  for (let part = 0; part <= 4; part++) {
    const reward = rewardAt(part / 4, range)
    context.fillStyle = colors.grid
    context.fillRect(LEFT, Math.round(y(reward)), width - LEFT - RIGHT, 1)
    context.fillStyle = colors.text
    context.fillText(reward.toFixed(1).replace('-', '−'), LEFT - 8, y(reward))
  }
}

/** Candidates of one step stand side by side in the order they were told: a fixed, even spread. */
const spread = ({ nfe, accepted }: Told): number => (accepted ? 0 : ((nfe * 0.618034) % 1) - 0.5)

const disc = (context: CanvasRenderingContext2D, at: { x: number; y: number }, radius: number): void => {
  context.beginPath()
  context.arc(at.x, at.y, radius, 0, 2 * Math.PI)
  context.fill()
}

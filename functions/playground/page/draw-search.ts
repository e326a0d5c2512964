/** Draws the columns of a search on a canvas: candidates above, quotas below. */
import { type Range, rewardAt, rootScale } from './root-scale.ts'
import type { Dot, SearchPicture } from './search-columns.ts'

export interface Colors {
  readonly dot: string
  readonly accepted: string
  readonly path: string
  readonly quota: string
  readonly used: string
  readonly grid: string
  readonly text: string
}

/** Of the style sheet, so that light and dark are said once. */
export const readColors = (element: Element): Colors => {
  const style = getComputedStyle(element)
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    dot: color('dot'),
    accepted: color('accent'),
    path: color('path'),
    quota: color('quota'),
    used: color('used'),
    grid: color('line'),
    text: color('dim'),
  }
}

const LEFT = 44
const RIGHT = 10
const TOP = 10
const GAP = 22
const QUOTA_HEIGHT = 64
const BOTTOM = 22

interface Frame {
  readonly context: CanvasRenderingContext2D
  readonly colors: Colors
  readonly width: number
  readonly height: number
  /** Middle of a step's column. */
  readonly x: (step: number) => number
  readonly columnWidth: number
}

/** @param whole what the axes are made for, so that a replay does not move them. */
export const drawSearch = (canvas: HTMLCanvasElement, on: { picture: SearchPicture; whole: SearchPicture }): void => {
  const context = canvas.getContext('2d')
  if (context === null) return
  const scale = devicePixelRatio
  const { clientWidth: width, clientHeight: height } = canvas
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  context.scale(scale, scale)
  context.font = '11px system-ui, sans-serif'
  const steps = Math.max(1, on.whole.steps)
  const columnWidth = (width - LEFT - RIGHT) / steps
  const x = (step: number) => LEFT + (Math.min(step, steps - 1) + 0.5) * columnWidth
  const frame: Frame = { context, colors: readColors(canvas), width, height, x, columnWidth }
  drawCandidates(frame, on.picture.dots, rangeOf(on.whole.dots))
  drawQuotas(frame, on.picture, Math.max(1, ...on.whole.columns.map(({ quota, used }) => Math.max(quota, used))))
  drawSteps(frame, steps)
}

/** Rewards of the middle 96 %, widened: a few hopeless candidates must not flatten the rest. */
const rangeOf = (dots: readonly Dot[]): Range => {
  const rewards = dots.flatMap(({ reward }) => (reward === undefined ? [] : [reward])).sort((a, b) => a - b)
  const low = rewards[Math.floor(rewards.length * 0.04)] ?? -1
  const high = Math.max(rewards.at(-1) ?? 0, low + 0.1)
  return { low: low - (high - low) * 0.04, high: high + (high - low) * 0.003 }
}

const drawCandidates = (frame: Frame, dots: readonly Dot[], range: Range): void => {
  const { context, colors, width, height, x, columnWidth } = frame
  const bottom = height - BOTTOM - QUOTA_HEIGHT - GAP
  const y = (reward: number) => TOP + Math.min(1, rootScale(reward, range)) * (bottom - TOP)
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  for (let part = 0; part <= 4; part++) {
    const reward = rewardAt(part / 4, range)
    context.fillStyle = colors.grid
    context.fillRect(LEFT, Math.round(y(reward)), width - LEFT - RIGHT, 1)
    context.fillStyle = colors.text
    context.fillText(reward.toFixed(1).replace('-', '−'), LEFT - 8, y(reward))
  }
  const radius = Math.max(1.6, Math.min(4, columnWidth / 3))
  const place = (dot: Dot, reward: number) => ({
    x: x(dot.step) + spread(dot) * Math.max(0, columnWidth - 2 * radius),
    y: y(reward),
  })
  context.fillStyle = colors.dot
  for (const dot of dots) if (dot.reward !== undefined && !dot.accepted) disc(context, place(dot, dot.reward), radius)
  const paths = new Map<number, { x: number; y: number }[]>()
  for (const dot of dots)
    if (dot.reward !== undefined && dot.accepted)
      paths.set(dot.lane, [...(paths.get(dot.lane) ?? []), place(dot, dot.reward)])
  context.lineWidth = 1.5
  for (const path of paths.values()) {
    context.strokeStyle = colors.path
    context.beginPath()
    for (const at of path) context.lineTo(at.x, at.y)
    context.stroke()
    context.fillStyle = colors.accepted
    for (const at of path) disc(context, at, radius + 0.6)
  }
}

/** Candidates of one step stand side by side in the order they were told: a fixed, even spread. */
const spread = ({ nfe, accepted }: Dot): number => (accepted ? 0 : ((nfe * 0.618034) % 1) - 0.5)

const disc = (context: CanvasRenderingContext2D, at: { x: number; y: number }, radius: number): void => {
  context.beginPath()
  context.arc(at.x, at.y, radius, 0, 2 * Math.PI)
  context.fill()
}

const drawQuotas = (frame: Frame, { columns, exact }: SearchPicture, most: number): void => {
  const { context, colors, height, x, columnWidth } = frame
  const floor = height - BOTTOM
  const bar = Math.max(1.5, Math.min(22, columnWidth * 0.72))
  const tall = (nfe: number) => (nfe / most) * QUOTA_HEIGHT
  let [quotaBefore, usedBefore] = [0, 0]
  for (const { step, quota, used } of columns) {
    const received = exact ? Math.min(used, Math.max(0, quotaBefore - usedBefore)) : 0
    quotaBefore = quota
    usedBefore = used
    context.fillStyle = colors.quota
    context.fillRect(x(step) - bar / 2, floor - tall(quota), bar, tall(quota))
    context.fillStyle = colors.used
    context.fillRect(x(step) - bar / 2, floor - tall(used), bar, tall(used))
    context.fillStyle = colors.accepted
    context.fillRect(x(step) - bar / 2, floor - tall(used), bar, tall(received))
  }
  context.fillStyle = colors.text
  context.textAlign = 'right'
  context.fillText(String(Math.round(most)), LEFT - 8, floor - QUOTA_HEIGHT + 4)
  context.fillText('0', LEFT - 8, floor - 4)
}

const drawSteps = ({ context, colors, height, width, x }: Frame, steps: number): void => {
  context.fillStyle = colors.grid
  context.fillRect(LEFT, height - BOTTOM, width - LEFT - RIGHT, 1)
  context.fillStyle = colors.text
  context.textAlign = 'center'
  const every = Math.ceil(steps / Math.max(2, Math.floor(width / 70)))
  for (let step = 0; step < steps; step += every) context.fillText(String(step + 1), x(step), height - BOTTOM / 2 + 2)
}

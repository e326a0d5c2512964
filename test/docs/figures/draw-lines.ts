/** Curves: the best finished image against NFEs, and the two halves of an interpolant against time. */
import { linear, vp } from '../../../gpu-runner/flow/interpolant.ts'
import type { TraceLine } from '../../../shared/contract/trace.ts'
import { COLORS, line, type Point, svg, text } from './svg.ts'

const WIDTH = 640
const HEIGHT = 300
const LEFT = 60
const RIGHT = 110
const TOP = 40
const BOTTOM = 46
const STROKES = [COLORS.dim, COLORS.accepted, COLORS.spent] as const

/** [NFEs, best reward of a finished image so far], from the first finished image on. */
export const climbOf = (trace: readonly TraceLine[]): Point[] => {
  let best = -Infinity
  return trace.flatMap(({ nfe, reward, finished }): Point[] => {
    if (!finished || reward === null || reward <= best) return []
    best = reward
    return [[nfe, reward]]
  })
}

/** Several searches of one prompt: where each stands after so many NFEs. */
export const drawClimbs = (
  searches: readonly { name: string; trace: readonly TraceLine[]; nfe: number }[],
  { title, source }: { title: string; source: string },
): string => {
  const climbs = searches.map((each) => ({ ...each, climb: climbOf(each.trace) }))
  const rewards = climbs.flatMap(({ climb }) => climb.map(([, reward]) => reward))
  const [low, high] = [Math.min(...rewards), Math.max(...rewards)]
  const most = Math.max(...searches.map(({ nfe }) => nfe))
  const x = (nfe: number) => LEFT + ((WIDTH - LEFT - RIGHT) * nfe) / most
  const y = (reward: number) => TOP + (HEIGHT - TOP - BOTTOM) * Math.sqrt((high - reward) / Math.max(1e-9, high - low))
  const ticks = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => {
    const reward = high - (high - low) * share ** 2
    return [
      line([
        [LEFT, y(reward)],
        [WIDTH - RIGHT, y(reward)],
      ]),
      text([LEFT - 8, y(reward) + 4], reward.toFixed(1), { anchor: 'end', fill: COLORS.dim }),
    ]
  })
  const ends = spreadOut(climbs.map(({ climb }) => y(climb.at(-1)?.[1] ?? low)))
  const curves = climbs.flatMap(({ name, climb, nfe }, index) => {
    const stroke = STROKES[index] ?? COLORS.text
    const stairs = climb.flatMap(([at, reward], step): Point[] => {
      const before = climb[step - 1]?.[1]
      return before === undefined
        ? [[x(at), y(reward)]]
        : [
            [x(at), y(before)],
            [x(at), y(reward)],
          ]
    })
    const last = climb.at(-1)?.[1] ?? low
    return [
      line([...stairs, [x(nfe), y(last)]], { stroke, width: 2 }),
      text([WIDTH - RIGHT + 8, (ends[index] ?? 0) + 4], `${name} ${last.toFixed(2)}`, { fill: stroke }),
    ]
  })
  return svg([WIDTH, HEIGHT], title, [
    text([LEFT, 20], title, { size: 14, bold: true }),
    ...ticks,
    ...[0, 0.25, 0.5, 0.75, 1].map((share) =>
      text([x(most * share), HEIGHT - BOTTOM + 18], String(Math.round(most * share)), {
        anchor: 'middle',
        fill: COLORS.dim,
      }),
    ),
    text([WIDTH - RIGHT + 24, HEIGHT - BOTTOM + 18], 'NFEs', { fill: COLORS.dim }),
    ...curves,
    text([WIDTH - 8, HEIGHT - 6], source, { anchor: 'end', fill: COLORS.dim, size: 10 }),
  ])
}

/** Labels at least a line apart, in the order of their heights. */
const spreadOut = (heights: readonly number[]): number[] => {
  const order = heights.map((height, index) => ({ height, index })).sort((a, b) => a.height - b.height)
  const placed = [...heights]
  let last = -Infinity
  for (const { height, index } of order) {
    last = Math.max(height, last + 14)
    placed[index] = last
  }
  return placed
}

/** alpha and sigma of the two interpolants that matter most: what of the image and what of the noise is in x_t. */
export const drawInterpolants = (): string => {
  const side = 220
  const panels = [linear, vp()].flatMap((interpolant, index) => {
    const left = 60 + index * 300
    // Time falls from left to right, as it does in a walk.
    const at = (t: number, value: number): Point => [left + side * (1 - t), 50 + 180 * (1 - value)]
    const times = Array.from({ length: 51 }, (_, i) => 1 - i / 50)
    const curve = (of: (t: number) => number, stroke: string) =>
      line(
        times.map((t) => at(t, of(t))),
        { stroke, width: 2 },
      )
    return [
      text([left, 36], interpolant.name, { bold: true }),
      line([at(1, 1), at(0, 1)]),
      line([at(1, 0), at(0, 0)]),
      text([left - 8, 54], '1', { anchor: 'end', fill: COLORS.dim }),
      text([left - 8, 234], '0', { anchor: 'end', fill: COLORS.dim }),
      curve(interpolant.alpha, COLORS.good),
      curve(interpolant.sigma, COLORS.spent),
      text([left, 250], 't = 1, noise', { fill: COLORS.dim }),
      text([left + side, 250], 't = 0, data', { anchor: 'end', fill: COLORS.dim }),
    ]
  })
  return svg([620, 290], 'alpha and sigma of two interpolants', [
    ...panels,
    text([60, 278], 'alpha: share of the clean latent', { fill: COLORS.good }),
    text([360, 278], 'sigma: share of the noise', { fill: COLORS.spent }),
  ])
}

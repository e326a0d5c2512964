/** A path in the unit square with what surrounds it, as numbers, as `output.json` and as a drawing. */
import type { PathFile } from '../../shared/contract/output.ts'

/** What a path runs between and around: the same for every path of one prompt. */
export interface Surroundings {
  /** [2, 2]: x, y of start and goal. */
  readonly ends: Float32Array
  /** [N, 3]: x, y, radius; a radius of 0 is none. */
  readonly obstacles: Float32Array
}

export interface Path extends Surroundings {
  readonly kind: 'path'
  /** [points, 2]: x, y in the unit square, y upwards. */
  readonly data: Float32Array
  /** Of its drawing, in pixels. */
  readonly width: number
  readonly height: number
}

/** A ten-thousandth of a thousandth of the square: what is cut off there, no reward sees, and no client. */
const DECIMALS = 5

const rounded = (number: number): number => Number(number.toFixed(DECIMALS))

const pointsOf = (numbers: Float32Array): [number, number][] =>
  Array.from({ length: numbers.length / 2 }, (_, at) => [
    rounded(numbers[2 * at] as number),
    rounded(numbers[2 * at + 1] as number),
  ])

export const pathFileOf = ({ data, ends, obstacles }: Path): PathFile => {
  const [start, goal] = pointsOf(ends) as [[number, number], [number, number]]
  const discs = Array.from({ length: obstacles.length / 3 }, (_, at) => ({
    x: rounded(obstacles[3 * at] as number),
    y: rounded(obstacles[3 * at + 1] as number),
    radius: rounded(obstacles[3 * at + 2] as number),
  }))
  return { points: pointsOf(data), start, goal, obstacles: discs.filter(({ radius }) => radius > 0) }
}

/** One line and an end of line; the same path gives the same bytes. */
export const encodePathJson = (path: Path): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(pathFileOf(path))}\n`)

/**
 * The square on its side, obstacles dark, the path with a dot at each point, a ring at the start and a disc at the goal. Numbers alone
 * go into it, never a word of the prompt: nothing in it runs. The same path gives the same bytes.
 */
export const drawPath = (path: Path): Uint8Array => {
  const { points, start, goal, obstacles } = pathFileOf(path)
  const at = ([x, y]: readonly [number, number]) => `cx="${rounded(x)}" cy="${rounded(1 - y)}"`
  const line = points.map(([x, y]) => `${rounded(x)},${rounded(1 - y)}`).join(' ')
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${path.width}" height="${path.height}" viewBox="0 0 1 1">`,
    '<rect width="1" height="1" fill="#f7f5f0"/>',
    ...obstacles.map(({ x, y, radius }) => `<circle ${at([x, y])} r="${radius}" fill="#3d4a5c"/>`),
    `<polyline points="${line}" fill="none" stroke="#d9480f" stroke-width="0.014" stroke-linejoin="round" stroke-linecap="round"/>`,
    ...points.map((point) => `<circle ${at(point)} r="0.009" fill="#d9480f"/>`),
    `<circle ${at(start)} r="0.026" fill="#f7f5f0" stroke="#2b8a3e" stroke-width="0.014"/>`,
    `<circle ${at(goal)} r="0.031" fill="#2b8a3e"/>`,
    '</svg>\n',
  ]
  return new TextEncoder().encode(svg.join('\n'))
}

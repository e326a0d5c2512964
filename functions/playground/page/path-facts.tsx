/** A path in numbers: for whoever does not see its drawing, or wants to know what the reward is made of. */
import type { PathFile } from '../../../shared/contract/output.ts'

type Point = readonly [number, number]

export const PathFacts = ({ path }: { path: PathFile }) => {
  const length = lengthOf(path.points)
  const straight = distance(path.start, path.goal)
  const clearance = clearanceOf(path)
  return (
    <div>
      <table class="counts">
        <caption>The path, in sides of the square</caption>
        <tbody>
          <tr>
            <th scope="row">Length</th>
            <td>{length.toFixed(3)}</td>
          </tr>
          <tr>
            <th scope="row">Straight from start to goal</th>
            <td>{straight.toFixed(3)}</td>
          </tr>
          {clearance !== undefined && (
            <tr>
              <th scope="row">{clearance > 0 ? 'Clear of obstacles by' : 'Cuts into an obstacle by'}</th>
              <td class={clearance > 0 ? 'yes' : 'no'}>{Math.abs(clearance).toFixed(3)}</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  )
}

const distance = ([ax, ay]: Point, [bx, by]: Point): number => Math.hypot(ax - bx, ay - by)

const legsOf = (points: readonly Point[]): [Point, Point][] =>
  points.slice(1).map((point, before) => [points[before] ?? point, point])

const lengthOf = (points: readonly Point[]): number =>
  legsOf(points).reduce((sum, [from, to]) => sum + distance(from, to), 0)

/** From the rim of the obstacle that is nearest, negative within it; undefined where there is none. */
const clearanceOf = ({ points, obstacles }: PathFile): number | undefined => {
  const gaps = obstacles.flatMap(({ x, y, radius }) => legsOf(points).map((leg) => distanceToLeg([x, y], leg) - radius))
  return gaps.length === 0 ? undefined : Math.min(...gaps)
}

const distanceToLeg = (point: Point, [from, to]: [Point, Point]): number => {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]]
  const along = (point[0] - from[0]) * dx + (point[1] - from[1]) * dy
  const share = Math.min(1, Math.max(0, along / (dx * dx + dy * dy || 1)))
  return distance(point, [from[0] + share * dx, from[1] + share * dy])
}

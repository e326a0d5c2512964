/** What the reward sees, drawn over the image: a frame around each thing that it is sure of, in the color of its class. */
import type { Place } from '../../../shared/contract/place.ts'

/** Side of a frame, as a share of the image: the reward says where a thing is, not how large. */
const SIDE = 0.17
const COLORS = 4

/** The color of a class: its place among those asked for, then among those found. */
export const colorOf = (name: string, names: readonly string[]): number => Math.max(0, names.indexOf(name)) % COLORS

export const Places = ({ places, names }: { places: readonly Place[]; names: readonly string[] }) => (
  <svg class="places" viewBox="0 0 1 1" role="img" aria-label={describe(places)}>
    {places.map(({ name, x, y, probability }) => (
      <rect
        key={`${name} ${x} ${y}`}
        class={`series-${colorOf(name, names)}`}
        x={x - SIDE / 2}
        y={y - SIDE / 2}
        width={SIDE}
        height={SIDE}
        rx={0.02}
      >
        <title>
          {name}, {Math.round(probability * 100)} %
        </title>
      </rect>
    ))}
  </svg>
)

const describe = (places: readonly Place[]): string =>
  places.length === 0
    ? 'The reward is sure of nothing in it.'
    : `The reward sees: ${places.map(({ name, x, y }) => `${name} at ${Math.round(x * 100)} % from the left, ${Math.round(y * 100)} % from the top`).join('; ')}.`

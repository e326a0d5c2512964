/** A day of one simulation as a picture: the GPUs that were there, against the GPUs that the work asked for. */
import type { Simulation } from './simulate.ts'

const WIDTH = 760
const HEIGHT = 260
const LEFT = 48
const RIGHT = 24
const BOTTOM = 36
const TOP = 34
const DAY = 86_400

interface Line {
  readonly label: string
  readonly colour: string
  readonly of: (point: Simulation['curve'][number]) => number
  readonly dashed?: true
}

const LINES: readonly Line[] = [
  { label: 'GPUs billed', colour: '#2563eb', of: ({ gpus }) => gpus },
  {
    label: 'GPUs that the work of these minutes asks for',
    colour: '#d97706',
    of: ({ demand }) => demand,
    dashed: true,
  },
]

export const plotDay = ({ curve }: Simulation, title: string): string => {
  const most = Math.max(1, ...curve.flatMap((point) => LINES.map(({ of }) => of(point))))
  const x = (at: number) => LEFT + (at / DAY) * (WIDTH - LEFT - RIGHT)
  const y = (value: number) => HEIGHT - BOTTOM - (value / most) * (HEIGHT - BOTTOM - TOP)
  const path = ({ of }: Line) => curve.map((point) => `${x(point.at).toFixed(1)},${y(of(point)).toFixed(1)}`).join(' ')
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => Math.round(part * most))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="16" font-weight="bold">${title}</text>`,
    ...ticks.map(
      (tick) =>
        `<path d="M${LEFT} ${y(tick).toFixed(1)}H${WIDTH - RIGHT}" stroke="#e5e7eb"/><text x="${LEFT - 6}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${tick}</text>`,
    ),
    ...[0, 6, 12, 18, 24].map(
      (hour) =>
        `<text x="${x(hour * 3600).toFixed(1)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${hour} h</text>`,
    ),
    ...LINES.map(
      (line) =>
        `<polyline points="${path(line)}" fill="none" stroke="${line.colour}" stroke-width="1.8"${line.dashed ? ' stroke-dasharray="4 3"' : ''}/>`,
    ),
    ...LINES.map(
      ({ label, colour }, index) =>
        `<text x="${LEFT + 110 * index}" y="${HEIGHT - 4}" fill="${colour}">${label}</text>`,
    ),
    '</svg>\n',
  ].join('\n')
}

/** Rounds side by side: above, the candidates against the bar; below, each quota, what was drawn of it and what rolled over. */
import type { Round } from './rounds.ts'
import { arrow, COLORS, dot, line, rect, svg, text } from './svg.ts'

const LEFT = 70
const TOP = 46
const REWARDS = 150
const GAP = 44
const QUOTAS = 130
const COLUMN = 54

export const drawRollover = (
  rounds: readonly Round[],
  { title, source, bar, unit }: { title: string; source: string; bar: string; unit: string },
): string => {
  const width = LEFT + COLUMN * rounds.length + 20
  const height = TOP + REWARDS + GAP + QUOTAS + 58
  const bottom = TOP + REWARDS + GAP + QUOTAS
  const middle = (index: number) => LEFT + COLUMN * (index + 0.5)
  const most = Math.max(...rounds.map(({ quota }) => quota))
  const quotaY = (nfe: number) => bottom - (QUOTAS * nfe) / most
  const rewardY = rewardAxis(rounds)
  const columns = rounds.flatMap((round, index) => [
    ...candidatesOf(round, middle(index), rewardY),
    ...quotaOf(round, middle(index), quotaY),
    text([middle(index), bottom + 16], String(round.step), { anchor: 'middle', fill: COLORS.dim, size: 11 }),
  ])
  const arrows = rounds.slice(0, -1).flatMap(({ rolledOut, quota }, index) => {
    const next = rounds[index + 1]
    if (rolledOut === 0 || next === undefined) return []
    return [
      arrow([middle(index) + 14, quotaY(quota) + 3], [middle(index + 1) - 6, quotaY(next.quota) - 2], COLORS.rolled),
      text([middle(index) + COLUMN / 2, Math.min(quotaY(quota), quotaY(next.quota)) - 12], `+${rolledOut}`, {
        anchor: 'middle',
        fill: COLORS.rolled,
        bold: true,
      }),
    ]
  })
  return svg([width, height], title, [
    text([LEFT, 18], title, { size: 14, bold: true }),
    ...rewardTicks(rounds, rewardY, width - 20),
    text([8, TOP - 8], 'reward', { fill: COLORS.dim }),
    ...legend(
      [LEFT, TOP + REWARDS + 20],
      [
        [COLORS.candidate, 'candidate'],
        [COLORS.accepted, 'taken'],
        [COLORS.best, bar],
      ],
    ),
    text([8, TOP + REWARDS + GAP - 2], 'quota', { fill: COLORS.dim }),
    text([LEFT - 8, bottom], '0', { anchor: 'end', fill: COLORS.dim }),
    text([LEFT - 8, quotaY(most) + 8], String(most), { anchor: 'end', fill: COLORS.dim }),
    line(
      [
        [LEFT, bottom],
        [width - 20, bottom],
      ],
      { stroke: COLORS.dim },
    ),
    ...columns,
    ...arrows,
    text([8, bottom + 16], unit, { fill: COLORS.dim }),
    ...legend(
      [LEFT, bottom + 34],
      [
        [COLORS.spent, 'drawn'],
        [COLORS.rolled, 'drawn of what rolled over'],
        [COLORS.left, 'left: rolls over'],
      ],
    ),
    text([width - 8, height - 6], source, { anchor: 'end', fill: COLORS.dim, size: 10 }),
  ])
}

/** Between the lowest and highest that the figure shows, on a root scale: what decides are the last tenths. */
const rewardAxis = (rounds: readonly Round[]): ((reward: number) => number) => {
  const [low, high] = rangeOf(rounds)
  return (reward) => TOP + REWARDS * Math.sqrt(Math.min(1, Math.max(0, (high - reward) / (high - low))))
}

const rangeOf = (rounds: readonly Round[]): [low: number, high: number] => {
  const shown = rounds
    .flatMap(({ candidates, bar, ending }) => [...candidates, bar, ...(ending === undefined ? [] : [ending])])
    .filter(Number.isFinite)
  return [Math.min(...shown), Math.max(...shown)]
}

const rewardTicks = (rounds: readonly Round[], y: (reward: number) => number, right: number): string[] => {
  const [low, high] = rangeOf(rounds)
  return [0, 0.25, 0.5, 0.75, 1].flatMap((share) => {
    const reward = high - (high - low) * share ** 2
    return [
      line([
        [LEFT, y(reward)],
        [right, y(reward)],
      ]),
      text([LEFT - 8, y(reward) + 4], reward.toFixed(2), { anchor: 'end', fill: COLORS.dim, size: 11 }),
    ]
  })
}

const candidatesOf = (
  { candidates, bar, rolledOut }: Round,
  middle: number,
  y: (reward: number) => number,
): string[] => {
  const best = Math.max(...candidates)
  const spread = (index: number) => middle + ((index + 1) / (candidates.length + 1) - 0.5) * (COLUMN - 14)
  const beats = rolledOut > 0 || candidates.at(-1) === best
  const taken = beats && rolledOut > 0 ? candidates.length - 1 : candidates.indexOf(best)
  return [
    ...(Number.isFinite(bar)
      ? [
          line(
            [
              [middle - COLUMN / 2 + 3, y(bar)],
              [middle + COLUMN / 2 - 3, y(bar)],
            ],
            { stroke: COLORS.best, width: 1.5 },
          ),
        ]
      : []),
    ...candidates.map((reward, index) =>
      dot([spread(index), y(reward)], index === taken ? 4 : 3, index === taken ? COLORS.accepted : COLORS.candidate),
    ),
  ]
}

/** Beyond so many, boxes would be thinner than their gaps. */
const MOST_BOXES = 12

/** One box an NFE: drawn of its own share, drawn of what rolled over, left. */
const quotaOf = ({ quota, rolledIn, candidates }: Round, middle: number, y: (nfe: number) => number): string[] => {
  const own = quota - rolledIn
  const drawn = candidates.length
  if (quota > MOST_BOXES)
    return (
      [
        [0, Math.min(own, drawn), COLORS.spent],
        [own, drawn, COLORS.rolled],
        [drawn, quota, COLORS.left],
      ] as const
    ).flatMap(([from, to, fill]) => (to > from ? [rect([middle - 12, y(to)], [24, y(from) - y(to)], { fill })] : []))
  return Array.from({ length: quota }, (_, index) => {
    const fill = index >= drawn ? COLORS.left : index < own ? COLORS.spent : COLORS.rolled
    const top = y(index + 1)
    return rect([middle - 12, top], [24, Math.max(1, y(index) - top - 1.5)], { fill })
  })
}

const legend = ([x, y]: [number, number], entries: readonly (readonly [color: string, words: string])[]): string[] => {
  let at = x
  return entries.flatMap(([color, words]) => {
    const here = at
    at += 28 + words.length * 6.6
    return [rect([here, y - 9], [10, 10], { fill: color }), text([here + 15, y], words, { fill: COLORS.dim, size: 11 })]
  })
}

/** Best reward against NFEs, one line a run. */
import { formatReward } from './format.ts'
import { rewardAt, rootScale } from './root-scale.ts'
import { type Run, toldOf } from './run.ts'
import { pictureOf } from './search-columns.ts'

const WIDTH = 860
const HEIGHT = 260
const LEFT = 72
const BOTTOM = 26
const TOP = 12
const RIGHT = 14

/** From the candidates; a search that nobody asked to watch says at least how far it is. */
export const curveOf = (run: Run): readonly { nfe: number; reward: number }[] => {
  const told = toldOf(run)
  if (told.length > 0) return pictureOf(told).best
  return run.progress.flatMap(({ nfe_used: nfe, best_reward: reward }) => (reward === null ? [] : [{ nfe, reward }]))
}

export const RewardCurve = ({ runs, label }: { runs: readonly Run[]; label: string }) => {
  const curves = runs.map(curveOf)
  const points = curves.flat()
  const targets = runs.flatMap(({ request }) => (request.target_reward === undefined ? [] : [request.target_reward]))
  const budget = Math.max(1, ...runs.map(({ request }) => request.nfe_budget))
  const rewards = [...points.map(({ reward }) => reward), ...targets]
  const high = Math.max(...(rewards.length > 0 ? rewards : [0])) + 0.1
  // The first few candidates are far below: they would press the rest of the curve flat.
  const low = Math.min(high - 0.5, ...curves.map((curve) => curve[Math.floor(curve.length / 20)]?.reward ?? high))
  const x = (nfe: number) => LEFT + (nfe / budget) * (WIDTH - LEFT - RIGHT)
  const y = (reward: number) => TOP + rootScale(Math.max(low, reward), { low, high }) * (HEIGHT - TOP - BOTTOM)
  const ticks = [0, 1, 2, 3].map((part) => rewardAt(part / 3, { low, high }))
  return (
    <svg class="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={describe(label, curves)}>
      {ticks.map((reward) => (
        <g key={reward}>
          <line class="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(reward)} y2={y(reward)} />
          <text x={LEFT - 8} y={y(reward)} text-anchor="end" dominant-baseline="middle">
            {reward.toFixed(1).replace('-', '−')}
          </text>
        </g>
      ))}
      {[0, 0.5, 1].map((part) => (
        <text
          key={part}
          x={x(budget * part)}
          y={HEIGHT - 8}
          text-anchor={part === 0 ? 'start' : part === 1 ? 'end' : 'middle'}
        >
          {Math.round(budget * part)}
          {part === 1 ? ' NFEs' : ''}
        </text>
      ))}
      {targets[0] !== undefined && (
        <line class="target" x1={LEFT} x2={WIDTH - RIGHT} y1={y(targets[0])} y2={y(targets[0])} />
      )}
      {curves.map((curve, index) => (
        <g key={index} class={`series-${index}`}>
          <path d={pathOf(curve, x, y)} />
          {curve.length > 0 && <circle cx={x(curve.at(-1)?.nfe ?? 0)} cy={y(curve.at(-1)?.reward ?? 0)} r="3.5" />}
        </g>
      ))}
    </svg>
  )
}

/** A stair: the best stays what it was until a better one is told. */
const pathOf = (
  curve: readonly { nfe: number; reward: number }[],
  x: (nfe: number) => number,
  y: (reward: number) => number,
): string =>
  curve
    .map(({ nfe, reward }, index) =>
      index === 0 ? `M${x(nfe).toFixed(1)} ${y(reward).toFixed(1)}` : `H${x(nfe).toFixed(1)}V${y(reward).toFixed(1)}`,
    )
    .join('')

const describe = (label: string, curves: readonly (readonly { nfe: number; reward: number }[])[]): string => {
  const ends = curves.flatMap((curve) => curve.at(-1) ?? [])
  if (ends.length === 0) return `${label}: no candidate yet`
  return `${label}: best reward ${ends.map(({ reward, nfe }) => `${formatReward(reward)} after ${nfe} NFEs`).join(', ')}`
}

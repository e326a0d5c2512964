/** A reward as clients see it, which is also how they may ask for it. */
import type { Generation } from '../../../shared/contract/generation.ts'
import { isComposite, isHttp, type Reward, type SingleReward } from '../../../shared/domain/reward.ts'

export const viewReward = (reward: Reward): Generation['reward'] =>
  isComposite(reward)
    ? {
        name: 'composite',
        parts: reward.parts.map(({ reward: part, weight }) => ({ reward: viewSingle(part), weight })),
      }
    : viewSingle(reward)

const viewSingle = (reward: SingleReward) => {
  if (isHttp(reward)) return { ...reward }
  const { name, counts } = reward
  return counts === undefined ? { name } : { name, counts: { ...counts } }
}

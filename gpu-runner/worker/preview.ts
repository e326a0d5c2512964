/** Small images of the best so far, for people who watch. They cost no NFE, but time of the model: hence not too many. */
import { encodePreview } from '../engine/encode-image.ts'
import type { Evaluator } from '../engine/model.ts'
import type { Answer, SearchProgress } from '../search/search.ts'

const SIDE = 64
const EVERY_MS = 2000

/**
 * Makes previews as data URLs; nothing while the best is the one shown before, or was shown a moment ago.
 * @param best the best answer so far, as the search keeps it.
 */
export const makePreviews = (on: {
  evaluator: Pick<Evaluator, 'render'>
  best: () => Answer | undefined
  now: () => number
}): ((progress: SearchProgress) => Promise<string | undefined>) => {
  let shownReward: number | undefined
  let shownAt = -Infinity
  return async () => {
    const answer = on.best()
    if (answer === undefined || answer.reward === shownReward || on.now() - shownAt < EVERY_MS) return undefined
    shownReward = answer.reward
    shownAt = on.now()
    const { image } = await on.evaluator.render(answer.latent)
    const webp = await encodePreview(image, SIDE)
    return `data:image/webp;base64,${Buffer.from(webp).toString('base64')}`
  }
}

/**
 * What an extension begins with. It is accepted with a copy of the state under a key of its own: the search that it extends
 * may be deleted, or its retention end, at any moment from then on.
 */
import { ProblemError } from '../../../shared/contract/problem.ts'
import { abandonGeneration, type GenerationItem, getGeneration } from '../../../shared/stores/generations.ts'
import { type Hold, settleHold } from '../../../shared/stores/holds.ts'
import { copyObject, startKey } from '../../../shared/stores/outputs.ts'
import type { ApiContext } from '../context.ts'

/**
 * The generation with a start of its own; any but an extension as it is. A second try copies the same again.
 * @throws ProblemError `not_found`, with nothing held any more, when the extended one was deleted in the meantime.
 */
export const keepStart = async (api: ApiContext, item: GenerationItem, hold: Hold): Promise<GenerationItem> => {
  if (item.extends === undefined) return item
  const { account_id: accountId, id: generationId } = item
  const { generation_id: extendedId, checkpoint } = item.extends
  const key = startKey({ accountId, generationId })
  try {
    await copyObject(api.bucket, { from: checkpoint.key, to: key })
  } catch (error) {
    // S3 calls what is gone forbidden where the caller may not list it: the item knows.
    if ((await getGeneration(api.table, { accountId, generationId: extendedId })) !== undefined) throw error
    await giveUp(api, { accountId, generationId, hold })
    throw new ProblemError('not_found', `The generation ${extendedId} was deleted in the meantime.`)
  }
  return { ...item, extends: { generation_id: extendedId, checkpoint: { ...checkpoint, key } } }
}

/** First no other try can write it any more, then its money is free. */
const giveUp = async (
  api: ApiContext,
  { hold, ...named }: { accountId: string; generationId: string; hold: Hold },
): Promise<void> => {
  const abandoned = await abandonGeneration(api.table, { ...named, at: api.now() })
  if (abandoned) await settleHold(api.table, { ...named, hold, used: { nfe: 0, microUsd: 0 } })
}

/** The generation a path names, as its account may see it: what is deleted, or should be by now, is not there. */
import { ProblemError } from '../../../shared/contract/problem.ts'
import { hasExpired } from '../../../shared/domain/retention.ts'
import { type GenerationItem, getGeneration } from '../../../shared/stores/generations.ts'
import type { ApiContext } from '../context.ts'

/** Throws `not_found`, the same for another account's generation as for none. */
export const findGeneration = async (api: ApiContext, accountId: string, id: string): Promise<GenerationItem> => {
  const item = await getGeneration(api.table, { accountId, generationId: id })
  if (item === undefined || hasExpired(item, api.now()))
    throw new ProblemError('not_found', `This account has no generation ${id}.`)
  return item
}

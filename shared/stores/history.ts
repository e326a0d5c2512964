/**
 * What an account's searches took and brought, one item a pack, reward and search: sums by band of budget. It is each account's own,
 * because nobody may infer from a quote what others ask for.
 */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { type Band, type Bands, bandOf } from '../domain/expectation.ts'
import { type Reward, rewardTask } from '../domain/reward.ts'
import type { GenerationItem } from './generations.ts'
import type { Table } from './store.ts'
import { accountItemKey } from './table.ts'

interface Task {
  readonly accountId: string
  readonly pack: string
  readonly reward: Reward
  readonly search: string
}

const SUMS = ['samples', 'nfeBudget', 'nfeUsed', 'rewardSum', 'exact', 'milliseconds'] as const satisfies (keyof Band)[]

const keyOf = ({ accountId, pack, reward, search }: Task) =>
  accountItemKey(accountId, 'HISTORY', `${pack}#${rewardTask(reward)}#${search}`)

/** Top-level attributes, so that ADD makes what is not there. */
const attribute = (band: number, sum: keyof Band): string => `b${band}_${sum}`

/**
 * Adds one ended search; others than those that succeeded tell nothing about what a budget brings. Not repeatable: call it
 * for the one settlement that took effect. A sample lost in a crash there is no loss, one counted twice would be.
 */
export const noteHistory = async (table: Table, generation: GenerationItem): Promise<void> => {
  const { status, result, started_at: startedAt, finished_at: finishedAt, nfe_used: nfeUsed } = generation
  if (status !== 'succeeded' || result === undefined || nfeUsed === undefined) return
  if (startedAt === undefined || finishedAt === undefined) return
  const band: Band = {
    samples: 1,
    nfeBudget: generation.nfe_budget,
    nfeUsed,
    rewardSum: result.reward,
    exact: result.counts?.exact ? 1 : 0,
    milliseconds: finishedAt - startedAt,
  }
  const number = bandOf(generation.nfe_budget)
  await table.client.send(
    new UpdateCommand({
      TableName: table.name,
      Key: keyOf({ ...generation, accountId: generation.account_id }),
      UpdateExpression: `ADD ${SUMS.map((sum) => `${attribute(number, sum)} :${sum}`).join(', ')}`,
      ExpressionAttributeValues: Object.fromEntries(SUMS.map((sum) => [`:${sum}`, band[sum]])),
    }),
  )
}

export const readHistory = async (table: Table, task: Task): Promise<Bands> => {
  const { Item = {} } = await table.client.send(new GetCommand({ TableName: table.name, Key: keyOf(task) }))
  const numbers = Object.keys(Item).flatMap((name) => /^b(\d+)_samples$/.exec(name)?.[1] ?? [])
  return new Map(numbers.map(Number).map((number) => [number, bandFrom(Item, number)]))
}

const bandFrom = (item: Readonly<Record<string, unknown>>, number: number): Band => {
  const sum = (name: keyof Band) => Number(item[attribute(number, name)] ?? 0)
  return {
    samples: sum('samples'),
    nfeBudget: sum('nfeBudget'),
    nfeUsed: sum('nfeUsed'),
    rewardSum: sum('rewardSum'),
    exact: sum('exact'),
    milliseconds: sum('milliseconds'),
  }
}

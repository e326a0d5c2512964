/** An edge whose process stops between two writes, as a test decides. */
import { BatchGetCommand, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb'
import type { ApiContext } from '../../functions/api/context.ts'

const READS = [BatchGetCommand, GetCommand, QueryCommand]

/** The same edge, but after so many writes neither reads nor writes reach anything any more. */
export const stopAfter = (api: ApiContext, writes: number): ApiContext => {
  let left = writes
  const cut = <Client extends object>(client: Client): Client =>
    new Proxy(client, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (name !== 'send' || typeof member !== 'function') return member
        return async (command: unknown) => {
          if (left <= 0) throw new Error('the process stopped')
          if (!READS.some((read) => command instanceof read)) left--
          return member.call(target, command)
        }
      },
    })
  return {
    ...api,
    table: { ...api.table, client: cut(api.table.client) },
    queues: { ...api.queues, client: cut(api.queues.client) },
  }
}

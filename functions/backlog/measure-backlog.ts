/** How much work waits, and how many tasks there are for it: what the fleet's scaling rules read, and who is let in by. */
import { DescribeServicesCommand, type ECSClient } from '@aws-sdk/client-ecs'
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { measureOpenWork, type OpenWork } from '../../shared/stores/backlog.ts'
import { putFleetReading } from '../../shared/stores/fleet-reading.ts'
import type { Table } from '../../shared/stores/store.ts'

export interface BacklogContext {
  readonly table: Table
  readonly sqs: SQSClient
  readonly queueUrls: readonly string[]
  readonly ecs: ECSClient
  readonly cluster: string
  readonly service: string
  readonly secondsPerNfe: number
  /** The largest that the fleet may become, and what each of its tasks works on at once. */
  readonly maxTasks: number
  readonly concurrency: number
  readonly now: () => number
}

export interface Backlog {
  /** Seconds of one GPU that the waiting generations may need. */
  readonly backlogSeconds: number
  readonly desiredTasks: number
  readonly runningTasks: number
}

/** About 10,000 generations: with more the fleet is at its limit long since. */
const MAX_PAGES = 20

/** Leaves the reading for the edges and runners, and says what becomes a metric. */
export const measureBacklog = async (on: BacklogContext): Promise<Backlog> => {
  const [work, { services }] = await Promise.all([
    measureOpenWork(on.table, MAX_PAGES),
    on.ecs.send(new DescribeServicesCommand({ cluster: on.cluster, services: [on.service] })),
    // A queue that nobody asks goes to sleep after six hours and is then late with its metrics, which wake the fleet.
    ...on.queueUrls.map((QueueUrl) =>
      on.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] })),
    ),
  ])
  const [service] = services ?? []
  if (service === undefined) throw new Error(`there is no service ${on.service}`)
  const { desiredCount: desiredTasks = 0, runningCount: runningTasks = 0 } = service
  await keepReading(on, work, Math.max(desiredTasks, runningTasks))
  return { backlogSeconds: work.queuedNfe * on.secondsPerNfe, desiredTasks, runningTasks }
}

/** @param tasks at work, or about to be. */
export const keepReading = (
  on: Pick<BacklogContext, 'table' | 'secondsPerNfe' | 'maxTasks' | 'concurrency' | 'now'>,
  { queued: _, more: __, ...work }: OpenWork,
  tasks: number,
): Promise<void> => {
  const { secondsPerNfe, maxTasks, concurrency } = on
  return putFleetReading(on.table, { at: on.now(), secondsPerNfe, tasks, maxTasks, concurrency, ...work })
}

/** How much work waits, and how many tasks there are for it: what the fleet's scaling rules read. */
import { DescribeServicesCommand, type ECSClient } from '@aws-sdk/client-ecs'
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { measureWaitingWork } from '../../shared/stores/backlog.ts'
import type { Table } from '../../shared/stores/store.ts'

export interface BacklogContext {
  readonly table: Table
  readonly sqs: SQSClient
  readonly queueUrls: readonly string[]
  readonly ecs: ECSClient
  readonly cluster: string
  readonly service: string
  readonly secondsPerNfe: number
}

export interface Backlog {
  /** Seconds of one GPU that the waiting generations may need. */
  readonly backlogSeconds: number
  readonly desiredTasks: number
  readonly runningTasks: number
}

/** About 10,000 generations: with more the fleet is at its limit long since. */
const MAX_PAGES = 20

export const measureBacklog = async (on: BacklogContext): Promise<Backlog> => {
  const [waiting, { services }] = await Promise.all([
    measureWaitingWork(on.table, MAX_PAGES),
    on.ecs.send(new DescribeServicesCommand({ cluster: on.cluster, services: [on.service] })),
    // A queue that nobody asks goes to sleep after six hours and is then late with its metrics, which wake the fleet.
    ...on.queueUrls.map((QueueUrl) =>
      on.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] })),
    ),
  ])
  const [service] = services ?? []
  if (service === undefined) throw new Error(`there is no service ${on.service}`)
  return {
    backlogSeconds: waiting.nfe * on.secondsPerNfe,
    desiredTasks: service.desiredCount ?? 0,
    runningTasks: service.runningCount ?? 0,
  }
}

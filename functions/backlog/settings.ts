/** What the measurement of the backlog is told. */
import { ECSClient } from '@aws-sdk/client-ecs'
import { z } from 'zod'
import { createClients } from '../../shared/aws/clients.ts'
import { type Environment, generationQueues, readSettings, serviceSettings } from '../../shared/config.ts'
import type { BacklogContext } from './measure-backlog.ts'

export const backlogSettings = {
  TABLE_NAME: serviceSettings.TABLE_NAME,
  ...generationQueues.settings,
  /** Measured time of one NFE on the fleet's GPU. */
  SECONDS_PER_NFE: z.coerce.number().positive(),
  /** The largest that the fleet may become, and what each of its tasks works on at once. */
  MAX_TASKS: z.coerce.number().int().min(1),
  CONCURRENCY: z.coerce.number().int().min(1),
  CLUSTER_NAME: z.string().min(1),
  SERVICE_NAME: z.string().min(1),
}

export const connectBacklog = (environment: Environment, now: () => number): BacklogContext => {
  const settings = readSettings(backlogSettings, environment)
  const { dynamodb, sqs } = createClients()
  return {
    table: { client: dynamodb, name: settings.TABLE_NAME },
    sqs,
    queueUrls: Object.values(generationQueues.read(settings)),
    ecs: new ECSClient({}),
    cluster: settings.CLUSTER_NAME,
    service: settings.SERVICE_NAME,
    secondsPerNfe: settings.SECONDS_PER_NFE,
    maxTasks: settings.MAX_TASKS,
    concurrency: settings.CONCURRENCY,
    now,
  }
}

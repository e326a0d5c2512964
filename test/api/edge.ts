/** The real app against real emulators, in this process: what a test of the edge asks. One for a test file. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { loadSecrets } from '../../cdk/local/secrets.ts'
import { startServices } from '../../cdk/local/services.ts'
import { serviceEnvironment } from '../../cdk/local/stack.ts'
import { createApi } from '../../functions/api/app.ts'
import type { ApiContext } from '../../functions/api/context.ts'
import { connectApi } from '../../functions/api/settings.ts'
import { DEFAULT_PRIORITY, type Priority } from '../../shared/contract/priority.ts'

export interface TestAccount {
  readonly id: string
  readonly apiKey: string
  readonly keyId: string
  readonly webhookSecret: string
}

export interface Edge {
  readonly api: ApiContext
  readonly adminKey: string
  readonly environment: Readonly<Record<string, string>>
  /** A request as a client makes it; a body that is no string is sent as JSON. */
  request(method: string, path: string, options?: { key?: string; body?: unknown; headers?: object }): Promise<Response>
  openAccount(creditMicroUsd?: number): Promise<TestAccount>
  account(apiKey: string): Promise<Record<string, number>>
  /** Messages in the generations queue of a priority, seen or not. */
  queued(priority?: Priority): Promise<number>
  close(): Promise<void>
}

/**
 * @param clock milliseconds; the wall clock unless said.
 * @param kept where its data stays when it is closed, for the next one; a folder of its own, which goes with it, unless said.
 */
export const startEdge = async (clock: () => number = Date.now, kept?: string): Promise<Edge> => {
  const folder = kept ?? (await mkdtemp(join(tmpdir(), 'rollover-edge-')))
  const secrets = await loadSecrets(folder)
  const services = await startServices(folder, secrets)
  const url = 'http://127.0.0.1:1'
  const settings = serviceEnvironment({ secrets, url, port: 1, options: { reviewSeconds: 60 } })
  const environment = { ...services.environment, ...settings }
  // biome-ignore lint/style/noProcessEnv: the AWS clients are built without options and read where the services are
  Object.assign(process.env, services.environment)
  const api = await connectApi(environment, clock)
  const app = createApi(api)
  const request: Edge['request'] = async (method, path, { key, body, headers } = {}) =>
    app.request(path, {
      method,
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  return {
    api,
    adminKey: secrets.adminKey,
    environment,
    request,
    openAccount: async (creditMicroUsd = 1_000_000) => {
      const body = { name: 'Test', credit_micro_usd: creditMicroUsd }
      const response = await request('POST', '/v1/admin/accounts', { key: secrets.adminKey, body })
      const opened = (await response.json()) as Record<'api_key' | 'key_id' | 'webhook_secret', string> & {
        account: { id: string }
      }
      return {
        id: opened.account.id,
        apiKey: opened.api_key,
        keyId: opened.key_id,
        webhookSecret: opened.webhook_secret,
      }
    },
    account: async (key) => {
      const response = await request('GET', '/v1/account', { key })
      return (await response.json()) as Record<string, number>
    },
    queued: async (priority = DEFAULT_PRIORITY) => {
      const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const
      const QueueUrl = api.queues.generationsUrls[priority]
      const { Attributes } = await api.queues.client.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }),
      )
      return names.reduce((sum, name) => sum + Number(Attributes?.[name] ?? 0), 0)
    },
    close: async () => {
      api.queues.client.destroy()
      api.bucket.client.destroy()
      api.table.client.destroy()
      await services.stop()
      if (kept === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}

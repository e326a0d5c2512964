/** Local equals cloud: the same settings reach the same processes, the same queues stand behind them, by the same roots. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { loadSecrets } from '../../../cdk/local/secrets.ts'
import { startServices } from '../../../cdk/local/services.ts'
import { serviceEnvironment } from '../../../cdk/local/stack.ts'
import { edgeSettings } from '../../../functions/api/settings.ts'
import { webhookSettings } from '../../../functions/webhooks/settings.ts'
import { runnerSettings } from '../../../gpu-runner/worker/settings.ts'
import { serviceSettings } from '../../../shared/config.ts'
import { type Resource, synthesise } from './synth.ts'

const ROOT = new URL('../../../', import.meta.url).pathname
const stage = synthesise('dev')
const resources = Object.entries(stage.resources())

/** Part -> where the cloud tells it its settings, and what it reads. */
const PARTS = {
  edge: { resource: 'edge/ApiFunction', settings: edgeSettings },
  webhooks: { resource: 'functions/WebhooksFunction', settings: webhookSettings },
  reconcile: { resource: 'functions/ReconcileFunction', settings: serviceSettings },
  runner: { resource: 'runner/Task', settings: runnerSettings },
}

/** Told by a laptop alone, each with its reason; in the cloud the code's own defaults hold. */
const LOCAL_ONLY: Readonly<Record<string, string>> = {
  WEBHOOK_ALLOW_HTTP: 'receivers on loopback have no certificate',
  WEBHOOK_ALLOWED_CIDRS: 'receivers live on loopback',
  MAX_WAIT_SECONDS: 'no proxy cuts a long wait short',
  WRITES_PER_MINUTE: "one person's scripts are not slowed down",
  LEASE_SECONDS: 'tests that kill processes wait for it',
  REVIEW_SECONDS: 'tests that kill processes wait for it',
}
/** Told in the cloud alone. */
const CLOUD_ONLY: Readonly<Record<string, string>> = {
  CONCURRENCY: 'measured on the fleet; a laptop has the default',
  HEARTBEAT_FILE: 'asked for by the container health check',
  AWS_REGION: 'no setting of ours: the SDK reads it, and Lambda sets it by itself',
  POWERTOOLS_SERVICE_NAME: 'names the function in its log lines',
  POWERTOOLS_METRICS_NAMESPACE: 'a laptop has no CloudWatch',
}

const told = (prefix: string): string[] => {
  const [, { Type, Properties }] = resources.find(
    ([id, { Type: type }]) => id.startsWith(prefix) && /Lambda::Function|TaskDefinition/.test(type),
  ) as [string, Resource]
  if (Type === 'AWS::Lambda::Function')
    return Object.keys((Properties['Environment'] as { Variables: object }).Variables)
  const [runner] = Properties['ContainerDefinitions'] as { Environment: { Name: string }[] }[]
  return (runner?.Environment ?? []).map(({ Name }) => Name)
}

describe('a laptop and the cloud', () => {
  let folder: string
  let services: Awaited<ReturnType<typeof startServices>>
  let environment: Record<string, string>

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rollover-parity-'))
    const secrets = await loadSecrets(folder)
    services = await startServices(folder, secrets)
    const own = serviceEnvironment({ secrets, url: 'http://127.0.0.1:1', port: 1, options: {} })
    environment = { ...services.environment, ...own }
  })
  after(async () => {
    await services.stop()
    await rm(folder, { recursive: true })
  })

  for (const [name, { resource, settings }] of Object.entries(PARTS))
    test(`tell the ${name} the same settings`, () => {
      const read = Object.keys(settings)
      const here = Object.keys(environment).filter((each) => read.includes(each) && !(each in LOCAL_ONLY))
      const there = told(resource).filter((each) => !(each in CLOUD_ONLY))
      assert.deepEqual(here.sort(), there.sort())
    })

  test('have the same queues, each with a dead one that takes over after as many receipts', async () => {
    const sqs = new SQSClient({
      endpoint: environment['AWS_ENDPOINT_URL_SQS'] ?? '',
      region: 'us-east-1',
      credentials: {
        accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
        secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
      },
    })
    const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}))
    const receipts: unknown[] = []
    for (const QueueUrl of QueueUrls) {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['RedrivePolicy'] }),
      )
      if (Attributes?.RedrivePolicy !== undefined)
        receipts.push(Number(JSON.parse(Attributes.RedrivePolicy).maxReceiveCount))
    }
    sqs.destroy()
    const queues = resources.filter(([, { Type }]) => Type === 'AWS::SQS::Queue')
    assert.equal(QueueUrls.length, queues.length)
    const policies = queues.flatMap(
      ([, { Properties }]) => (Properties['RedrivePolicy'] as { maxReceiveCount: number }) ?? [],
    )
    assert.deepEqual(
      receipts,
      policies.map(({ maxReceiveCount }) => maxReceiveCount),
    )
    const named = Object.keys(environment).filter((each) => each.endsWith('_QUEUE_URL'))
    assert.equal(named.length, policies.length)
  })

  test('run the same code: a local root starts what the Lambda starts', () => {
    const roots = { edge: 'api', webhooks: 'webhooks', reconcile: 'reconcile' }
    for (const [local, cloud] of Object.entries(roots)) {
      const lambda = namesFrom(`functions/${cloud}/lambda.ts`, cloud)
      assert.ok(lambda.length >= 2)
      const here = namesFrom(`cdk/local/${local}.ts`, cloud)
      assert.deepEqual(
        lambda.filter((each) => !here.includes(each)),
        [],
      )
    }
    assert.match(readFileSync(`${ROOT}cdk/local/stack.ts`, 'utf8'), /'gpu-runner\/worker\/main\.ts'/)
    assert.match(readFileSync(`${ROOT}gpu-runner/Dockerfile`, 'utf8'), /CMD \["node", "gpu-runner\/worker\/main\.ts"\]/)
  })
})

/** What a file imports from the folder of one function, by name. */
const namesFrom = (file: string, folder: string): string[] =>
  [...readFileSync(ROOT + file, 'utf8').matchAll(/import \{ ([^}]+) \} from '([^']+)'/g)]
    .filter(([, , from = '']) => from.startsWith('./') || from.includes(`/functions/${folder}/`))
    .flatMap(([, names = '']) => names.split(', '))
    .filter((name) => /^(create|connect|reconcile|deliver)/.test(name))

/** Code and cloud agree: the settings each process reads, the calls it may make, what is inside its bundle. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { App } from 'aws-cdk-lib'
import type { z } from 'zod'
import { createCloud } from '../../../cdk/cloud.ts'
import { readStage } from '../../../cdk/stages.ts'
import { edgeSettings } from '../../../functions/api/settings.ts'
import { backlogSettings } from '../../../functions/backlog/settings.ts'
import { meteringSettings, reportSettings } from '../../../functions/metering/settings.ts'
import { webhookSettings } from '../../../functions/webhooks/settings.ts'
import { runnerSettings } from '../../../gpu-runner/worker/settings.ts'
import { serviceSettings } from '../../../shared/config.ts'
import { actionsOfCode } from './calls.ts'
import { CONTENT_POLICY, METERED, type Resource, synthesise } from './synth.ts'

const ROOT = new URL('../../../', import.meta.url).pathname
const stage = synthesise('dev', { bundle: true, overrides: { ...METERED, ...CONTENT_POLICY } })
const resources = stage.resources()

interface Part {
  /** Logical id of its function or task, without the hash. */
  readonly resource: string
  readonly role: string
  readonly entry: string
  readonly settings: z.ZodRawShape
  /** Actions of the role beside what the code calls, each with its reason. */
  readonly beside: Readonly<Record<string, string>>
  /** What the code could call, and never does with the settings it is told. */
  readonly without?: Readonly<Record<string, string>>
}

const FUNCTION: Part['beside'] = {
  'logs:CreateLogStream': 'Lambda writes the logs',
  'logs:PutLogEvents': 'Lambda writes the logs',
  'xray:PutTraceSegments': 'Lambda sends the traces',
  'xray:PutTelemetryRecords': 'Lambda sends the traces',
}

const PARTS: Readonly<Record<string, Part>> = {
  api: {
    resource: 'edge/ApiFunction',
    role: 'edge/ApiRoleDefaultPolicy',
    entry: 'functions/api/lambda.ts',
    settings: edgeSettings,
    beside: FUNCTION,
  },
  events: {
    resource: 'edge/EventsFunction',
    role: 'edge/EventsRoleDefaultPolicy',
    entry: 'functions/events/lambda.ts',
    settings: edgeSettings,
    beside: FUNCTION,
  },
  webhooks: {
    resource: 'functions/WebhooksFunction',
    role: 'functions/WebhooksRoleDefaultPolicy',
    entry: 'functions/webhooks/lambda.ts',
    settings: webhookSettings,
    beside: {
      ...FUNCTION,
      'sqs:ReceiveMessage': 'Lambda takes the messages',
      'sqs:DeleteMessage': 'Lambda takes the messages',
      'sqs:ChangeMessageVisibility': 'Lambda takes the messages',
      'sqs:GetQueueAttributes': 'Lambda takes the messages',
      'sqs:GetQueueUrl': 'Lambda takes the messages',
    },
  },
  reconcile: {
    resource: 'functions/ReconcileFunction',
    role: 'functions/ReconcileRoleDefaultPolicy',
    entry: 'functions/reconcile/lambda.ts',
    settings: serviceSettings,
    beside: FUNCTION,
  },
  metering: {
    resource: 'functions/MeteringStreamFunction',
    role: 'functions/MeteringStreamRoleDefaultPolicy',
    entry: 'functions/metering/lambda.ts',
    settings: meteringSettings,
    beside: {
      ...FUNCTION,
      'dynamodb:ListStreams': 'Lambda reads the stream',
      'dynamodb:DescribeStream': 'Lambda reads the stream',
      'dynamodb:GetRecords': 'Lambda reads the stream',
      'dynamodb:GetShardIterator': 'Lambda reads the stream',
      'sqs:SendMessage': 'Lambda puts aside what stays unsent',
      'sqs:GetQueueAttributes': 'Lambda puts aside what stays unsent',
      'sqs:GetQueueUrl': 'Lambda puts aside what stays unsent',
    },
    without: { 'ssm:GetParameter': 'settings may name parameters; these name none' },
  },
  'metering report': {
    resource: 'functions/MeteringReportFunction',
    role: 'functions/MeteringReportRoleDefaultPolicy',
    entry: 'functions/metering/report/lambda.ts',
    settings: reportSettings,
    beside: FUNCTION,
    without: { 'ssm:GetParameter': 'settings may name parameters; these name none' },
  },
  backlog: {
    resource: 'runner/BacklogFunction',
    role: 'runner/BacklogRoleDefaultPolicy',
    entry: 'functions/backlog/lambda.ts',
    settings: backlogSettings,
    beside: FUNCTION,
  },
  runner: {
    resource: 'runner/Task',
    role: 'runner/TaskTaskRoleDefaultPolicy',
    entry: 'gpu-runner/worker/main.ts',
    settings: runnerSettings,
    beside: { 'ecs:UpdateTaskProtection': 'the ECS agent protects the task in the name of its role' },
    without: { 'secretsmanager:GetSecretValue': 'settings may name secrets; these name none' },
  },
}

/** Set by the ECS agent in every container. */
const SET_BY_AGENT = ['ECS_AGENT_URI']

const find = (prefix: string, type: string): Resource => {
  const found = Object.entries(resources).filter(([id, { Type }]) => id.startsWith(prefix) && Type === type)
  assert.equal(found.length, 1, `${prefix}: ${found.map(([id]) => id)}`)
  return (found[0] as [string, Resource])[1]
}

const environmentOf = ({ resource }: Part): string[] => {
  if (resource === 'runner/Task') {
    const [container] = find(resource, 'AWS::ECS::TaskDefinition').Properties['ContainerDefinitions'] as {
      Environment: { Name: string }[]
    }[]
    return (container?.Environment ?? []).map(({ Name }) => Name)
  }
  const { Variables } = find(resource, 'AWS::Lambda::Function').Properties['Environment'] as { Variables: object }
  return Object.keys(Variables)
}

describe('every process', () => {
  for (const [name, part] of Object.entries(PARTS)) {
    test(`${name} is told every setting it cannot do without, and nothing that it does not read`, () => {
      const told = environmentOf(part)
      for (const [setting, schema] of Object.entries(part.settings)) {
        if (SET_BY_AGENT.includes(setting)) continue
        const optional = (schema as z.ZodType).safeParse(undefined).success
        assert.ok(optional || told.includes(setting), `${setting} is missing`)
      }
      const readByLibraries = ['AWS_REGION', 'POWERTOOLS_SERVICE_NAME', 'POWERTOOLS_METRICS_NAMESPACE']
      for (const setting of told.filter((each) => !readByLibraries.includes(each)))
        assert.ok(setting in part.settings, `nobody reads ${setting}`)
    })

    test(`${name} may do what its code does, and nothing else`, async () => {
      const { Statement } = find(part.role, 'AWS::IAM::Policy').Properties['PolicyDocument'] as {
        Statement: { Action: string | string[] }[]
      }
      const granted = [...new Set(Statement.flatMap(({ Action }) => Action))]
      const besides = Object.keys(part.beside)
      const never = Object.keys(part.without ?? {})
      const called = (await actionsOfCode(join(ROOT, part.entry))).filter((action) => !never.includes(action))
      assert.deepEqual(granted.filter((action) => !besides.includes(action) || called.includes(action)).sort(), called)
    })
  }
})

/** What any of them must be told to start; nothing listens there. */
const SETTINGS = {
  AWS_REGION: 'us-east-1',
  TABLE_NAME: 'table',
  GENERATIONS_QUEUE_URL: 'http://127.0.0.1:1/generations',
  LOW_PRIORITY_QUEUE_URL: 'http://127.0.0.1:1/low',
  DELIVERIES_QUEUE_URL: 'http://127.0.0.1:1/deliveries',
  OUTPUTS_BUCKET: 'bucket',
  PUBLIC_URL: 'https://api.example',
  KEY_PEPPER: 'a pepper of more than sixteen',
  ADMIN_KEY_HASH: '0'.repeat(64),
  SECONDS_PER_NFE: '0.1',
  MAX_TASKS: '4',
  CONCURRENCY: '2',
  CLUSTER_NAME: 'cluster',
  SERVICE_NAME: 'service',
  STRIPE_API_KEY: 'rk_test_none',
  STRIPE_EVENT_NAME: 'nfe',
  STRIPE_METER_ID: 'mtr_none',
}

describe('every bundle', () => {
  const bundles = globSync(`${stage.outdir}/asset.*/index.mjs`)

  test('is there, for each function', () => {
    const functions = Object.values(resources).filter(
      ({ Type, Properties }) =>
        Type === 'AWS::Lambda::Function' &&
        Properties['Handler'] === 'index.handler' &&
        Properties['Runtime'] === 'nodejs24.x' &&
        String(Properties['Description']).startsWith('Rollover'),
    )
    assert.equal(functions.length, Object.keys(PARTS).length - 1)
    assert.equal(bundles.length, functions.length)
  })

  test('opens as the module that Lambda looks for a handler in', () => {
    for (const bundle of bundles) {
      const script = `globalThis.awslambda = { streamifyResponse: (handler) => handler }
        const { handler } = await import(${JSON.stringify(bundle)})
        if (typeof handler !== 'function') throw new Error('no handler')
        process.exit(0)`
      const env = { ...SETTINGS, PACKS_FOLDER: join(dirname(bundle), 'packs') }
      const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { env })
      assert.equal(status, 0, `${bundle}: ${String(stderr).slice(-500)}`)
    }
  })

  test('holds no ONNX runtime, no native module and no dependency of development', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>
    }
    for (const bundle of bundles) {
      const text = readFileSync(bundle, 'utf8')
      for (const name of ['onnxruntime', 'sharp', ...Object.keys(devDependencies).filter((each) => each.length > 5)])
        assert.doesNotMatch(text, new RegExp(`(from|require\\(|import\\() ?["']${name}`), `${bundle} loads ${name}`)
      assert.doesNotMatch(text, /onnxruntime/, bundle)
      assert.deepEqual(
        globSync(`${dirname(bundle)}/**/*`).filter((file) => /\.(node|onnx|so)$/.test(file)),
        [],
      )
      assert.ok(statSync(bundle).size < 2_000_000, `${bundle} has ${statSync(bundle).size} bytes`)
    }
  })

  test('of the edge carries what a request is checked against: manifest and tokenizer of each pack', () => {
    const withPacks = bundles.filter((bundle) => existsSync(join(dirname(bundle), 'packs')))
    assert.equal(withPacks.length, 2)
    for (const bundle of withPacks)
      for (const file of ['pack.json', 'tokenizer.json'])
        assert.ok(existsSync(join(dirname(bundle), 'packs/emoji-world', file)))
  })

  test('of the API carries the playground', () => {
    const pages = globSync(`${stage.outdir}/asset.*/page/*`).map((file) => basename(file))
    assert.deepEqual(pages.sort(), ['app.css', 'app.js', 'index.html'])
  })
})

test('a setting of a stage that nobody knows is refused', () => {
  assert.throws(() => readStage('dev', { fleet: { pack: 'x' } }), /fleet/)
  assert.throws(() => readStage('dev', { wrong: 1 }), /wrong/i)
  assert.throws(() => readStage('none'), /dev, prod/)
  assert.ok(createCloud(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), readStage('dev')))
})

/** What the templates promise about access, encryption, loss and noise, asserted on every resource of every stack. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MAX_RETENTION_SECONDS } from '../../../shared/domain/retention.ts'
import { TTL_ATTRIBUTE, tableDefinition } from '../../../shared/stores/table.ts'
import { CONTENT_POLICY, METERED, type Resource, synthesise } from './synth.ts'

const overrides = { ...METERED, ...CONTENT_POLICY }
const STAGES = { dev: synthesise('dev', { overrides }), prod: synthesise('prod', { overrides }) }

interface Statement {
  readonly Action: string | string[]
  readonly Effect: string
  readonly Resource?: unknown
  readonly Condition?: Record<string, unknown>
}
const list = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T])
const text = (value: unknown): string => JSON.stringify(value)

/** Calls that AWS lets nobody bind to a resource, and those that the machines of the cluster need. */
const WITHOUT_RESOURCE =
  /^(xray:Put\w+|ecr:GetAuthorizationToken|ecs:(DiscoverPollEndpoint|Poll|StartTelemetrySession|UpdateContainerInstancesState|RegisterContainerInstance|DeregisterContainerInstance|Submit\*)|logs:(CreateLogStream|PutLogEvents)|dynamodb:ListStreams)$/

for (const [name, stage] of Object.entries(STAGES)) {
  const resources = Object.entries(stage.resources())
  const all = (type: string): [string, Resource][] => resources.filter(([, { Type }]) => Type === type)
  const properties = (type: string) => all(type).map(([id, { Properties }]) => [id, Properties ?? {}] as const)
  const kept = name === 'prod'

  describe(`${name}: data`, () => {
    test('the table is the one that the stores define, recoverable, encrypted, and in prod not to be deleted', () => {
      const [[, table] = assert.fail('no table')] = all('AWS::DynamoDB::Table')
      const { TableName: _, GlobalSecondaryIndexes, AttributeDefinitions, ...defined } = tableDefinition('any')
      for (const [key, value] of Object.entries(defined)) assert.deepEqual(table.Properties[key], value, key)
      assert.deepEqual(table.Properties['GlobalSecondaryIndexes'], GlobalSecondaryIndexes)
      const byName = (each: unknown) =>
        [...(each as { AttributeName: string }[])].map(({ AttributeName }) => AttributeName).sort()
      assert.deepEqual(byName(table.Properties['AttributeDefinitions']), byName(AttributeDefinitions))
      assert.deepEqual(table.Properties['TimeToLiveSpecification'], { AttributeName: TTL_ATTRIBUTE, Enabled: true })
      assert.deepEqual(table.Properties['PointInTimeRecoverySpecification'], { PointInTimeRecoveryEnabled: true })
      assert.equal(table.Properties['DeletionProtectionEnabled'] ?? false, kept)
      assert.equal(table.DeletionPolicy, kept ? 'Retain' : 'Delete')
      if (kept) assert.match(text(table.Properties['SSESpecification']), /"SSEType":"KMS"/)
    })

    test('every bucket is closed to the public, encrypted, and refuses plain HTTP', () => {
      assert.equal(all('AWS::S3::Bucket').length, 2)
      const policies = all('AWS::S3::BucketPolicy').map(([, { Properties }]) => text(Properties))
      for (const [id, bucket] of properties('AWS::S3::Bucket')) {
        assert.deepEqual(bucket['PublicAccessBlockConfiguration'], {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        })
        assert.match(text(bucket['BucketEncryption']), kept && /Outputs/.test(id) ? /aws:kms/ : /AES256/)
        assert.ok(bucket['LifecycleConfiguration'], id)
        assert.ok(
          policies.some((policy) => policy.includes(id.split('/')[1] ?? '') && deniesPlainHttp(policy)),
          id,
        )
      }
    })

    test('every queue is encrypted, refuses plain HTTP, keeps two weeks, and has a dead queue or is one', () => {
      const policies = all('AWS::SQS::QueuePolicy').map(([, { Properties }]) => text(Properties))
      for (const [id, queue] of properties('AWS::SQS::Queue')) {
        assert.ok(queue['SqsManagedSseEnabled'] === true || queue['KmsMasterKeyId'] !== undefined, id)
        assert.equal(queue['MessageRetentionPeriod'], 1_209_600, id)
        assert.ok(id.endsWith('DeadQueue') || queue['RedrivePolicy'] !== undefined, id)
        assert.ok(
          policies.some((policy) => policy.includes(id.split('/')[1] ?? '') && deniesPlainHttp(policy)),
          id,
        )
      }
      assert.deepEqual(
        all('AWS::SQS::Queue')
          .map(([id]) => id.split('/')[1])
          .sort(),
        [
          'DeliveriesDeadQueue',
          'DeliveriesQueue',
          'GenerationsDeadQueue',
          'GenerationsQueue',
          'LowPriorityDeadQueue',
          'LowPriorityQueue',
          'MeteringDeadQueue',
        ],
      )
    })

    test('keys rotate, and in prod data is under one of our own', () => {
      for (const [, key] of properties('AWS::KMS::Key')) assert.equal(key['EnableKeyRotation'], true)
      assert.equal(all('AWS::KMS::Key').length, kept ? 1 : 0)
    })

    test('what has data keeps its logical id and its stack', () => {
      for (const id of [
        'data/Table',
        'data/Outputs',
        'data/GenerationsQueue',
        'data/DeliveriesQueue',
        'data/EdgeSecret',
      ])
        assert.ok(
          resources.some(([each]) => each === id),
          id,
        )
      const { terminationProtection = false } = stage.cloud.data
      assert.equal(terminationProtection, kept)
    })
  })

  describe(`${name}: access`, () => {
    const statements = resources.flatMap(([id, { Properties = {} }]) => {
      const documents = [
        Properties['PolicyDocument'],
        ...((Properties['Policies'] as { PolicyDocument: unknown }[]) ?? []).map((each) => each.PolicyDocument),
      ]
      return documents.flatMap((document) =>
        ((document as { Statement?: Statement[] } | undefined)?.Statement ?? []).map((statement) => ({
          id,
          statement,
        })),
      )
    })
    const allowed = statements.filter(({ id, statement }) => statement.Effect === 'Allow' && !/Key$/.test(id))

    test('nobody may do everything, or anything to everything', () => {
      assert.ok(allowed.length > 10)
      for (const { id, statement } of allowed)
        for (const action of list(statement.Action)) {
          assert.ok(!/^\*$|:\*$/.test(action), `${id} may ${action}`)
          if (list(statement.Resource).includes('*')) assert.match(action, WITHOUT_RESOURCE, id)
        }
    })

    test('on table, queues, secrets and keys no action and no resource has a wildcard; on objects only below a prefix', () => {
      const ours = allowed.filter(({ id }) => all('AWS::IAM::Policy').some(([policy]) => policy === id))
      for (const { id, statement } of ours)
        for (const action of list(statement.Action).filter((each) =>
          /^(dynamodb|sqs|s3|secretsmanager|kms|ssm):/.test(each),
        )) {
          assert.doesNotMatch(action, /\*/, id)
          for (const resource of list(statement.Resource).map(text))
            if (action.startsWith('s3:') && action !== 's3:ListBucket')
              assert.match(resource, /\/[\w-]+\/\*"/, `${id} ${action}`)
            else if (!/^dynamodb:(ListStreams)$/.test(action)) assert.doesNotMatch(resource, /\*/, `${id} ${action}`)
          if (action === 's3:ListBucket') assert.match(text(statement.Condition), /s3:prefix/, id)
        }
    })

    test('each function URL is open to all by both permissions it takes, and by the URL alone', () => {
      const urls = properties('AWS::Lambda::Url')
      assert.equal(urls.length, 2)
      for (const [, url] of urls) {
        const target = text(url['TargetFunctionArn'])
        const open = properties('AWS::Lambda::Permission').filter(([, each]) => text(each['FunctionName']) === target)
        const byAction = Object.fromEntries(open.map(([, each]) => [String(each['Action']), each]))
        assert.deepEqual(Object.keys(byAction).sort(), ['lambda:InvokeFunction', 'lambda:InvokeFunctionUrl'])
        assert.equal(byAction['lambda:InvokeFunctionUrl']?.['FunctionUrlAuthType'], 'NONE')
        assert.equal(byAction['lambda:InvokeFunction']?.['InvokedViaFunctionUrl'], true)
      }
      const modes = urls.map(([, url]) => url['InvokeMode'] ?? 'BUFFERED').sort()
      assert.deepEqual(modes, ['BUFFERED', 'RESPONSE_STREAM'])
    })

    test('secrets are not in any variable: functions are told where they are', () => {
      for (const [id, { Environment }] of properties('AWS::Lambda::Function'))
        for (const [variable, value] of Object.entries(
          (Environment as { Variables: object } | undefined)?.Variables ?? {},
        ))
          if (/PEPPER|HASH|API_KEY/.test(variable)) assert.match(text(value), /secret:/, `${id} ${variable}`)
    })
  })
}

test('objects outlive the longest retention that a client may ask for', () => {
  const [, bucket] = Object.entries(STAGES.prod.resources()).find(([id]) => id === 'data/Outputs') ?? assert.fail()
  const { Rules } = bucket.Properties['LifecycleConfiguration'] as { Rules: { ExpirationInDays?: number }[] }
  const days = Rules.flatMap(({ ExpirationInDays }) => ExpirationInDays ?? [])
  assert.ok(days.length === 1 && days.every((each) => each * 86_400 > MAX_RETENTION_SECONDS))
})

test('a content policy too long for a parameter, or with a misspelt rule, is refused before anything is deployed', () => {
  const deny = { words: Array.from({ length: 900 }, (_, at) => `forbidden${at}`) }
  assert.throws(() => synthesise('dev', { overrides: { contentPolicy: { prompt: { deny } } } }), /classifier/)
  assert.throws(() => synthesise('dev', { overrides: { contentPolicy: { prompts: {} } } }), /contentPolicy/)
})

test('metering is off unless a stage says where to: no stream, no secret, no function', () => {
  const resources = Object.entries(synthesise('prod').resources())
  assert.doesNotMatch(resources.map(([id]) => id).join(), /Metering|Stripe/)
  for (const [id, { Properties }] of resources) assert.equal(Properties?.['StreamSpecification'], undefined, id)
})

const deniesPlainHttp = (policy: string): boolean =>
  policy.includes('"aws:SecureTransport":"false"') && policy.includes('"Effect":"Deny"')

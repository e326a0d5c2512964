/**
 * The cloud as a page of text for each stage: every resource and what matters about it. A change of it is a change that the
 * reviewer sees: `node --test --test-update-snapshots test/unit/cdk/snapshot.test.ts` writes the pages anew.
 */
import { join } from 'node:path'
import { test } from 'node:test'
import { METERED, type Resource, synthesise } from './synth.ts'

/** Type -> properties worth a line. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  'AWS::Lambda::Function': ['Description', 'Handler', 'MemorySize', 'Timeout', 'Runtime'],
  'AWS::Lambda::Url': ['AuthType', 'InvokeMode'],
  'AWS::Lambda::Permission': ['Action', 'FunctionUrlAuthType'],
  'AWS::Lambda::EventSourceMapping': ['BatchSize', 'ScalingConfig', 'FunctionResponseTypes', 'FilterCriteria'],
  'AWS::DynamoDB::Table': [
    'BillingMode',
    'DeletionProtectionEnabled',
    'TimeToLiveSpecification',
    'StreamSpecification',
  ],
  'AWS::S3::Bucket': ['LifecycleConfiguration', 'OwnershipControls'],
  'AWS::SQS::Queue': ['VisibilityTimeout', 'MessageRetentionPeriod'],
  'AWS::Logs::LogGroup': ['RetentionInDays'],
  'AWS::CloudWatch::Alarm': ['AlarmDescription', 'Threshold', 'EvaluationPeriods', 'ComparisonOperator'],
  'AWS::ApplicationAutoScaling::ScalingPolicy': ['StepScalingPolicyConfiguration'],
  'AWS::ApplicationAutoScaling::ScalableTarget': ['MinCapacity', 'MaxCapacity'],
  'AWS::AutoScaling::AutoScalingGroup': ['MinSize', 'MaxSize', 'CapacityRebalance'],
  'AWS::ECS::Service': ['DesiredCount', 'DeploymentConfiguration'],
  'AWS::ECS::CapacityProvider': ['AutoScalingGroupProvider'],
  'AWS::Events::Rule': ['ScheduleExpression', 'State'],
  'AWS::Budgets::Budget': ['Budget'],
  'AWS::EC2::VPCEndpoint': ['VpcEndpointType'],
}
/** Plumbing: many, and told by what they belong to. */
const HIDDEN = /^AWS::EC2::(Subnet|Route|RouteTable|SubnetRouteTableAssociation|VPCGatewayAttachment)$|^AWS::CDK::/

const line = ([id, { Type, Properties = {}, DeletionPolicy }]: [string, Resource]): string => {
  const shown = (SHOWN[Type] ?? []).flatMap((name) => {
    const value = Properties[name]
    return value === undefined ? [] : [`    ${name}: ${JSON.stringify(value, withoutReferences)}`]
  })
  return [
    `  ${Type.replace('AWS::', '')}  ${id.split('/')[1]}${DeletionPolicy === 'Retain' ? '  (kept)' : ''}`,
    ...shown,
  ].join('\n')
}

/** What another resource is called is its own line's matter. */
const withoutReferences = (_key: string, value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const [only = '', ...more] = Object.keys(value)
  return more.length === 0 && (only === 'Ref' || only.startsWith('Fn::')) ? '...' : value
}

for (const name of ['dev', 'prod'])
  test(`${name} is what its page says`, (context) => {
    const resources = synthesise(name, name === 'prod' ? { overrides: METERED } : {}).resources()
    const stacks = Map.groupBy(Object.entries(resources), ([id]) => id.split('/')[0] ?? '')
    const page = [...stacks].map(([stack, entries]) => {
      const lines = entries.filter(([, { Type }]) => !HIDDEN.test(Type)).map(line)
      return [`${stack} (${entries.length} resources)`, ...lines.sort()].join('\n')
    })
    context.assert.fileSnapshot(`${page.join('\n\n')}\n`, join(import.meta.dirname, 'snapshots', `${name}.txt`), {
      serializers: [String],
    })
  })

/** Machines, tasks, functions and the front door: how they are locked down, and what tells a human. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { edgeSettings } from '../../../functions/api/settings.ts'
import { EVENT_TIMING } from '../../../functions/events/stream-events.ts'
import { webhookSettings } from '../../../functions/webhooks/settings.ts'
import { METERED, OWN_PACK, type Resource, synthesise } from './synth.ts'

const ROOT = new URL('../../../', import.meta.url).pathname
const stage = synthesise('prod', { overrides: { ...METERED, ...OWN_PACK } })
const resources = Object.entries(stage.resources())
const all = (type: string): [string, Resource['Properties']][] =>
  resources.filter(([, { Type }]) => Type === type).map(([id, { Properties }]) => [id, Properties ?? {}])
const only = (type: string): Resource['Properties'] => {
  const found = all(type)
  assert.equal(found.length, 1, type)
  return found[0]?.[1] ?? {}
}
const text = (value: unknown): string => JSON.stringify(value)

interface Container {
  readonly Name: string
  readonly User: string
  readonly ReadonlyRootFilesystem: boolean
  readonly Privileged?: boolean
  readonly LinuxParameters: { Capabilities: { Drop: string[] }; Tmpfs: { ContainerPath: string }[] }
  readonly ResourceRequirements?: { Type: string; Value: string }[]
  readonly StopTimeout?: number
  readonly HealthCheck?: { Command: string[] }
  readonly Environment: { Name: string; Value: unknown }[]
}

describe('a task', () => {
  const containers = only('AWS::ECS::TaskDefinition')['ContainerDefinitions'] as Container[]

  test('has containers that are not root, cannot write to their image and have no capability', () => {
    assert.deepEqual(containers.map(({ Name }) => Name).sort(), ['PullPack', 'Runner'])
    for (const container of containers) {
      assert.equal(container.User, '1000:1000')
      assert.equal(container.ReadonlyRootFilesystem, true)
      assert.notEqual(container.Privileged, true)
      assert.deepEqual(container.LinuxParameters.Capabilities.Drop, ['ALL'])
      assert.deepEqual(
        container.LinuxParameters.Tmpfs.map(({ ContainerPath }) => ContainerPath),
        ['/tmp'],
      )
    }
  })

  test('has one GPU, ends within a spot notice, and is asked for its health by a file that is in the image', () => {
    const runner = containers.find(({ Name }) => Name === 'Runner') ?? assert.fail()
    assert.deepEqual(runner.ResourceRequirements, [{ Type: 'GPU', Value: '1' }])
    assert.ok((runner.StopTimeout ?? 0) > 30 && (runner.StopTimeout ?? 0) < 120)
    const [, , script = ''] = runner.HealthCheck?.Command ?? []
    assert.ok(existsSync(ROOT + script), script)
    const { Value: file } = runner.Environment.find(({ Name }) => Name === 'HEARTBEAT_FILE') ?? {}
    assert.match(String(file), /^\/tmp\//)
  })

  test('is told its region: on EC2 neither the agent nor the machine would', () => {
    for (const { Name, Environment } of containers)
      assert.ok(
        Environment.some((each) => each.Name === 'AWS_REGION' && each.Value === 'us-east-1'),
        Name,
      )
  })

  test('is built from a Dockerfile that ends as the same user and copies what its commands name', () => {
    const dockerfile = readFileSync(`${ROOT}gpu-runner/Dockerfile`, 'utf8')
    for (const target of ['cpu', 'gpu']) {
      const part =
        dockerfile.slice(dockerfile.search(new RegExp(`^FROM .+ AS ${target}$`, 'm'))).split(/^FROM /m)[1] ?? ''
      assert.match(part, /^USER 1000:1000$/m, target)
      assert.match(part, /ENTRYPOINT \["\/usr\/bin\/tini", "--"\]/)
      for (const [, script = ''] of part.matchAll(/"node", "([^"]+)"/g)) assert.ok(existsSync(ROOT + script), script)
      for (const [, folder = ''] of part.matchAll(/^COPY (?!--)(\S+) /gm)) assert.ok(existsSync(ROOT + folder), folder)
    }
  })
})

describe('a machine', () => {
  const template = only('AWS::EC2::LaunchTemplate')['LaunchTemplateData'] as Record<string, unknown>

  test('keeps its credentials from containers, its disk encrypted and its image pinned', () => {
    assert.deepEqual(template['MetadataOptions'], { HttpPutResponseHopLimit: 1, HttpTokens: 'required' })
    const [disk] = template['BlockDeviceMappings'] as { Ebs: { Encrypted: boolean } }[]
    assert.equal(disk?.Ebs.Encrypted, true)
    const { ImageId } = template as { ImageId: { Ref: string } }
    const parameters = stage.template('runner').toJSON()['Parameters'] as Record<string, { Default: string }>
    const image = parameters[ImageId.Ref]?.Default ?? assert.fail('the image is no parameter')
    assert.match(image, /\/al2023-ami-ecs-gpu-hvm-[\d.]+-kernel-[\d.]+-x86_64-ebs\/image_id$/)
    assert.doesNotMatch(image, /recommended|latest/)
  })

  test('lets nobody in, and nobody pays for a NAT gateway or an interface endpoint', () => {
    for (const [id, group] of all('AWS::EC2::SecurityGroup')) assert.equal(group['SecurityGroupIngress'], undefined, id)
    assert.deepEqual([...all('AWS::EC2::SecurityGroupIngress'), ...all('AWS::EC2::NatGateway')], [])
    const kinds = all('AWS::EC2::VPCEndpoint').map(([, endpoint]) => endpoint['VpcEndpointType'])
    assert.deepEqual(kinds, ['Gateway', 'Gateway'])
  })

  test('is drained before it goes, protected while it works, and not there when there is no work', () => {
    assert.match(text(template['UserData']), /ECS_ENABLE_SPOT_INSTANCE_DRAINING=true/)
    const provider = only('AWS::ECS::CapacityProvider')['AutoScalingGroupProvider'] as Record<string, unknown>
    assert.equal(provider['ManagedDraining'], 'ENABLED')
    assert.equal(provider['ManagedTerminationProtection'], 'ENABLED')
    const group = only('AWS::AutoScaling::AutoScalingGroup')
    assert.equal(group['MinSize'], '0')
    assert.equal(group['NewInstancesProtectedFromScaleIn'], true)
    assert.equal(only('AWS::ECS::Service')['DesiredCount'], 0)
    const target = all('AWS::ApplicationAutoScaling::ScalableTarget')[0]?.[1]
    assert.equal(target?.['MinCapacity'], 0)
  })
})

describe('the service', () => {
  const template = stage.template('runner').toJSON()['Resources'] as Record<string, Resource & { DependsOn?: string[] }>
  const idsOf = (type: string) => Object.keys(template).filter((id) => template[id]?.Type === type)

  test('comes after the cluster has its capacity provider, and goes before it', () => {
    const [service = ''] = idsOf('AWS::ECS::Service')
    const [association = assert.fail()] = idsOf('AWS::ECS::ClusterCapacityProviderAssociations')
    assert.ok(template[service]?.DependsOn?.includes(association))
  })

  test('is scaled by a role that AWS keeps for it', () => {
    assert.match(text(only('AWS::ApplicationAutoScaling::ScalableTarget')['RoleARN']), /AutoScaling_ECSService/)
    for (const [id, role] of all('AWS::IAM::Role'))
      assert.doesNotMatch(text(role['AssumeRolePolicyDocument']), /application-autoscaling/, id)
  })
})

describe('every function', () => {
  const functions = all('AWS::Lambda::Function').filter(([, each]) =>
    String(each['Description']).startsWith('Rollover'),
  )

  test('is arm64, traced, and writes JSON to a log group of its own', () => {
    assert.equal(functions.length, 7)
    const groups = new Set<string>()
    for (const [id, each] of functions) {
      assert.deepEqual(each['Architectures'], ['arm64'], id)
      assert.deepEqual(each['TracingConfig'], { Mode: 'Active' }, id)
      const logging = each['LoggingConfig'] as { LogFormat: string; LogGroup: { Ref: string } }
      assert.equal(logging.LogFormat, 'JSON', id)
      groups.add(logging.LogGroup.Ref)
    }
    assert.equal(groups.size, functions.length)
  })

  test('logs are kept for the days of the stage, and not for ever', () => {
    for (const [id, group] of all('AWS::Logs::LogGroup')) assert.equal(group['RetentionInDays'], 90, id)
  })

  test('outlives the longest thing it does', () => {
    const timeout = (name: string) => Number(functions.find(([id]) => id.includes(name))?.[1]['Timeout'])
    const longestWait = z.object({ wait: edgeSettings.MAX_WAIT_SECONDS }).parse({}).wait
    assert.ok(timeout('ApiFunction') >= longestWait + 10)
    assert.ok(timeout('EventsFunction') > EVENT_TIMING.sliceMs / 1000)
    const exchange = z.object({ seconds: webhookSettings.WEBHOOK_TIMEOUT_SECONDS }).parse({}).seconds
    assert.ok(timeout('WebhooksFunction') > 2 * exchange)
    const queue = resources.find(([id]) => id === 'data/DeliveriesQueue')?.[1].Properties ?? {}
    assert.ok(Number(queue['VisibilityTimeout']) >= 6 * timeout('WebhooksFunction'))
  })
})

describe('the front door', () => {
  interface Behavior {
    readonly PathPattern?: string
    readonly ViewerProtocolPolicy: string
    readonly CachePolicyId: string
    readonly Compress: boolean
    readonly TargetOriginId: string
    readonly AllowedMethods: string[]
  }
  const { DistributionConfig } = only('AWS::CloudFront::Distribution') as {
    DistributionConfig: {
      DefaultCacheBehavior: Behavior
      CacheBehaviors: Behavior[]
      Origins: { Id: string; DomainName: unknown; CustomOriginConfig: Record<string, unknown> }[]
      WebACLId?: unknown
      Logging?: unknown
    }
  }
  const behaviors = [DistributionConfig.DefaultCacheBehavior, ...DistributionConfig.CacheBehaviors]

  test('speaks HTTPS only, to both sides, and caches nothing', () => {
    for (const behavior of behaviors) {
      assert.equal(behavior.ViewerProtocolPolicy, 'https-only')
      // The managed policy CachingDisabled.
      assert.equal(behavior.CachePolicyId, '4135ea2d-6df8-44a3-9df3-4b5a84be39ad')
      assert.ok(behavior.AllowedMethods.includes('POST'))
    }
    for (const { CustomOriginConfig } of DistributionConfig.Origins) {
      assert.equal(CustomOriginConfig['OriginProtocolPolicy'], 'https-only')
      assert.deepEqual(CustomOriginConfig['OriginSSLProtocols'], ['TLSv1.2'])
    }
    assert.ok(DistributionConfig.WebACLId)
    assert.ok(DistributionConfig.Logging)
  })

  test('leads event streams, and nothing else, to the function that streams, uncompressed, and waits longer than its pings', () => {
    const [stream, ...others] = DistributionConfig.CacheBehaviors
    assert.deepEqual(others, [])
    assert.equal(stream?.PathPattern, '/v1/generations/*/events')
    assert.equal(stream.Compress, false)
    const origin = DistributionConfig.Origins.find(({ Id }) => Id === stream.TargetOriginId)
    assert.match(text(origin?.DomainName), /EventsFunction/)
    const patience = Number(origin?.CustomOriginConfig['OriginReadTimeout'])
    assert.ok(patience >= (2 * EVENT_TIMING.pingMs) / 1000)
  })
})

describe('what needs a human', () => {
  const alarms = Object.entries(stage.resources()).filter(
    ([id, { Type }]) => id.startsWith('operations/') && Type === 'AWS::CloudWatch::Alarm',
  )

  test('has an alarm that tells the topic when it comes and when it goes', () => {
    assert.ok(alarms.length >= 14)
    for (const [id, { Properties }] of alarms) {
      assert.equal((Properties['AlarmActions'] as unknown[]).length, 1, id)
      assert.equal((Properties['OKActions'] as unknown[]).length, 1, id)
    }
    const watched = alarms.map(([, { Properties }]) => text(Properties))
    for (const dead of all('AWS::SQS::Queue').filter(([id]) => id.endsWith('DeadQueue')))
      assert.ok(
        watched.some((alarm) => alarm.includes(`${dead[0].split('/')[1]}`)),
        `nobody watches ${dead[0]}`,
      )
  })

  test('counts the failures that the API answers, which to Lambda are none', () => {
    for (const name of ['ApiErrors', 'EventsErrors']) {
      const alarm = alarms.find(([, { Properties }]) => String(Properties['AlarmName']).endsWith(`-${name}`))?.[1]
      assert.equal(alarm?.Properties['MetricName'], 'Url5xxCount', name)
    }
  })

  test('has a section in the runbook', () => {
    const runbook = readFileSync(`${ROOT}docs/runbook.md`, 'utf8')
    for (const [, { Properties }] of alarms) {
      const name = String(Properties['AlarmName']).split('-').at(-1)
      assert.match(runbook, new RegExp(`^#+ ${name}$`, 'm'), `${name} is not in the runbook`)
      assert.match(String(Properties['AlarmDescription']), /docs\/runbook\.md/)
    }
  })

  test('spends within a budget, and the topic is encrypted in transit', () => {
    assert.match(text(only('AWS::Budgets::Budget')), /"Amount":1000/)
    assert.match(text(all('AWS::SNS::TopicPolicy')), /"aws:SecureTransport":"false"/)
    assert.equal(all('AWS::CloudWatch::Dashboard').length, 1)
  })
})

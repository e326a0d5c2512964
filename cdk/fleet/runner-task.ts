/** The runner's task: one GPU, a read-only container that is not root, and the packs it serves. */
import { Duration, Size, Stack } from 'aws-cdk-lib'
import type { DockerImageAsset } from 'aws-cdk-lib/aws-ecr-assets'
import {
  AwsLogDriverMode,
  Capability,
  type Cluster,
  type ContainerDefinition,
  ContainerDependencyCondition,
  ContainerImage,
  Ec2TaskDefinition,
  LinuxParameters,
  LogDriver,
  NetworkMode,
  TmpfsMountOption,
} from 'aws-cdk-lib/aws-ecs'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { accept } from '../constructs/accept.ts'
import { type Access, contentPolicyEnvironment, grantAccess } from '../constructs/access.ts'
import type { Data } from '../stacks/data.ts'
import type { StageSettings } from '../stages.ts'
import { PACKS_ON_HOST } from './machines.ts'

export const RUNNER_ACCESS: Access = {
  table: ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'Query'],
  receives: ['generations', 'lowPriority'],
  sends: ['generations', 'lowPriority', 'deliveries'],
  reads: ['checkpoints/'],
  writes: ['outputs/', 'traces/', 'checkpoints/'],
}

export interface RunnerTaskProps {
  readonly stage: StageSettings
  readonly data: Data
  readonly publicUrl: string
  readonly cluster: Cluster
  readonly image: DockerImageAsset
  readonly logs: ILogGroup
}

/** Where the image has its packs, and where pulled ones are mounted. */
const PACKS_IN_IMAGE = '/app/gpu-runner/packs'
const PULLED_PACKS = '/packs'
const HEARTBEAT_FILE = '/tmp/alive'
/** A spot machine goes two minutes after its notice. */
const STOP_SECONDS = 100

export const createRunnerTask = (scope: Construct, props: RunnerTaskProps): Ec2TaskDefinition => {
  const { stage, data, cluster } = props
  const { pack, packSource, alsoPacks } = stage.fleet
  const task = new Ec2TaskDefinition(scope, 'Task', {
    // Tasks share the machine's public address; awsvpc tasks would have none, and need a NAT gateway.
    networkMode: NetworkMode.BRIDGE,
    volumes: [{ name: 'packs', host: { sourcePath: PACKS_ON_HOST } }],
  })
  const folder = packSource === undefined ? `${PACKS_IN_IMAGE}/${pack}` : `${PULLED_PACKS}/${pack}`
  const runner = task.addContainer('Runner', {
    ...common(scope, props),
    gpuCount: 1,
    memoryReservationMiB: stage.fleet.taskMemoryMiB,
    stopTimeout: Duration.seconds(STOP_SECONDS),
    environment: {
      // On EC2 the agent does not say it, the SDK asks for it, and the machine's own metadata is out of reach.
      AWS_REGION: stage.region,
      ...data.names,
      PUBLIC_URL: props.publicUrl,
      PACK_FOLDER: [folder, ...alsoPacks.map((name) => `${PACKS_IN_IMAGE}/${name}`)].join(','),
      CONCURRENCY: String(stage.fleet.concurrency),
      HEARTBEAT_FILE,
      ...contentPolicyEnvironment(data),
    },
    healthCheck: {
      command: ['CMD', 'node', 'gpu-runner/check-health/main.ts'],
      interval: Duration.seconds(30),
      timeout: Duration.seconds(10),
      retries: 3,
      // Loading a large pack takes a while.
      startPeriod: Duration.seconds(300),
    },
  })
  runner.addMountPoints({ sourceVolume: 'packs', containerPath: PULLED_PACKS, readOnly: true })
  if (packSource !== undefined) pullPackFirst(scope, { task, runner, packSource, folder, props })
  grantAccess(task.taskRole, data, RUNNER_ACCESS)
  if (data.contentPolicy !== undefined)
    task.addToTaskRolePolicy(
      new PolicyStatement({ actions: ['ssm:GetParameter'], resources: [data.contentPolicy.arn] }),
    )
  task.addToTaskRolePolicy(
    new PolicyStatement({
      actions: ['ecs:UpdateTaskProtection'],
      resources: [cluster.arnForTasks('*')],
    }),
  )
  accept(task, {
    'AwsSolutions-ECS2': 'The variables are names and addresses; the runner has no secret.',
    'AwsSolutions-IAM5[Resource::*]': 'ecr:GetAuthorizationToken takes no resource.',
    [`AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ecs:${stage.region}:<AWS::AccountId>:task/<ClusterEB0386A7>/*]`]:
      'Tasks get their ids as they start; a task may protect itself, and its like in this cluster.',
    ...(props.stage.fleet.packSource !== undefined && {
      [`AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:${props.stage.fleet.packSource.replace(/^s3:\/\//, 's3:::')}/*]`]:
        'The files of a pack are named by its manifest; the prefix holds nothing else.',
    }),
  })
  return task
}

/** What every container of the task has: read-only root, no capabilities, its own /tmp, logs that cannot block it. */
const common = (scope: Construct, { image, logs }: RunnerTaskProps) => ({
  image: ContainerImage.fromDockerImageAsset(image),
  user: '1000:1000',
  readonlyRootFilesystem: true,
  linuxParameters: scratch(scope),
  logging: LogDriver.awsLogs({
    logGroup: logs,
    streamPrefix: 'runner',
    mode: AwsLogDriverMode.NON_BLOCKING,
    maxBufferSize: Size.mebibytes(4),
  }),
})

const scratch = (scope: Construct): LinuxParameters => {
  const count = scope.node.children.filter((child) => child.node.id.startsWith('Scratch')).length
  const linux = new LinuxParameters(scope, `Scratch${count}`)
  linux.dropCapabilities(Capability.ALL)
  linux.addTmpfs({
    containerPath: '/tmp',
    size: 256,
    mountOptions: [TmpfsMountOption.RW, TmpfsMountOption.NOSUID, TmpfsMountOption.NODEV],
  })
  return linux
}

/** A container that ends before the runner starts: it copies the pack to the machine's disk unless it is there already. */
const pullPackFirst = (
  scope: Construct,
  on: {
    task: Ec2TaskDefinition
    runner: ContainerDefinition
    packSource: string
    folder: string
    props: RunnerTaskProps
  },
): void => {
  const { task, runner, packSource, folder, props } = on
  const pull = task.addContainer('PullPack', {
    ...common(scope, props),
    essential: false,
    memoryReservationMiB: 256,
    command: ['node', 'gpu-runner/manage-packs/main.ts', 'pull', packSource, folder],
    environment: { AWS_REGION: props.stage.region },
  })
  pull.addMountPoints({ sourceVolume: 'packs', containerPath: PULLED_PACKS, readOnly: false })
  runner.addContainerDependencies({ container: pull, condition: ContainerDependencyCondition.SUCCESS })
  const { bucket, prefix } = /^s3:\/\/(?<bucket>[^/]+)\/(?<prefix>.+?)\/?$/.exec(packSource)?.groups ?? {}
  task.addToTaskRolePolicy(
    new PolicyStatement({
      actions: ['s3:GetObject'],
      resources: [
        Stack.of(scope).formatArn({ service: 's3', region: '', account: '', resource: `${bucket}/${prefix}/*` }),
      ],
    }),
  )
}

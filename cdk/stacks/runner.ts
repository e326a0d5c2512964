/** The GPU fleet: a network without NAT, a cluster, the runner's service, and what makes it grow and shrink. */
import { Aspects, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import { ScalableTarget, ServiceNamespace } from 'aws-cdk-lib/aws-applicationautoscaling'
import { type IMetric, MathExpression } from 'aws-cdk-lib/aws-cloudwatch'
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  type IVpc,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2'
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets'
import {
  CfnClusterCapacityProviderAssociations,
  Cluster,
  ContainerInsights,
  Ec2Service,
  type ICluster,
} from 'aws-cdk-lib/aws-ecs'
import { PolicyStatement, Role } from 'aws-cdk-lib/aws-iam'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { accept } from '../constructs/accept.ts'
import { type Access, grantAccess } from '../constructs/access.ts'
import { BundledFunction } from '../constructs/bundled-function.ts'
import { ROOT } from '../constructs/root.ts'
import { Machines } from '../fleet/machines.ts'
import { fleetMetric } from '../fleet/metrics.ts'
import { createRunnerTask } from '../fleet/runner-task.ts'
import { ScaleTasks } from '../fleet/scale-tasks.ts'
import { SCALING_POLICY } from '../fleet/scaling-policy.ts'
import type { StageSettings } from '../stages.ts'
import type { Data } from './data.ts'
import { everyMinute } from './functions.ts'

export interface RunnerStackProps extends StackProps {
  readonly stage: StageSettings
  readonly data: Data
  readonly publicUrl: string
}

export const BACKLOG_ACCESS: Access = { table: ['PutItem'], queriesDue: true, measures: ['generations', 'lowPriority'] }

export class RunnerStack extends Stack {
  readonly service: Ec2Service
  readonly backlog: BundledFunction
  readonly metrics: Readonly<Record<'visible' | 'inWork' | 'backlogSeconds' | 'desired' | 'running', IMetric>>

  constructor(scope: Construct, id: string, { stage, data, publicUrl, ...props }: RunnerStackProps) {
    super(scope, id, props)
    const vpc = this.createNetwork(stage)
    const cluster = this.createCluster(vpc)
    const machines = new Machines(this, 'Machines', { vpc, cluster, fleet: stage.fleet })
    const task = createRunnerTask(this, {
      stage,
      data,
      publicUrl,
      cluster,
      image: this.createImage(),
      logs: this.createLogs(stage),
    })
    this.service = new Ec2Service(this, 'Service', {
      cluster: cluster as ICluster,
      taskDefinition: task,
      // Zero at each deployment; waiting work wakes the fleet again, and tasks with work are protected meanwhile.
      desiredCount: 0,
      // There is no spare GPU to start a second task beside the first.
      minHealthyPercent: 0,
      maxHealthyPercent: 100,
      capacityProviderStrategies: [{ capacityProvider: machines.provider.capacityProviderName, weight: 1 }],
      circuitBreaker: { enable: true, rollback: true },
      enableECSManagedTags: true,
    })
    this.service.node.addDependency(machines)
    // Before the cluster has the provider no service may name it, and while one does it cannot be taken away. CDK adds the
    // association as it synthesises, and leaves this order to chance.
    Aspects.of(cluster).add({
      visit: (node) => {
        if (node instanceof CfnClusterCapacityProviderAssociations) this.service.node.addDependency(node)
      },
    })
    this.metrics = {
      visible: overPriorities(data, 'visible', (queue) => queue.metricApproximateNumberOfMessagesVisible(ONE_MINUTE)),
      inWork: overPriorities(data, 'inWork', (queue) => queue.metricApproximateNumberOfMessagesNotVisible(ONE_MINUTE)),
      backlogSeconds: fleetMetric(stage.name, 'BacklogSeconds'),
      desired: fleetMetric(stage.name, 'DesiredTasks'),
      running: fleetMetric(stage.name, 'RunningTasks'),
    }
    this.backlog = this.createBacklog({ stage, data, cluster })
    this.scale(stage, cluster)
  }

  private createNetwork(stage: StageSettings): IVpc {
    const vpc = new Vpc(this, 'Network', {
      maxAzs: 3,
      natGateways: 0,
      // Machines have public addresses and no way in: a NAT gateway would cost more than the idle service.
      subnetConfiguration: [{ name: 'Machines', subnetType: SubnetType.PUBLIC, cidrMask: 20 }],
      // Images, packs and table go over these, free and past the internet.
      gatewayEndpoints: {
        S3: { service: GatewayVpcEndpointAwsService.S3 },
        DynamoDB: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      },
      flowLogs: {
        Refused: {
          trafficType: FlowLogTrafficType.REJECT,
          destination: FlowLogDestination.toCloudWatchLogs(
            new LogGroup(this, 'FlowLogs', {
              retention: stage.logDays as RetentionDays,
              removalPolicy: RemovalPolicy.DESTROY,
            }),
          ),
        },
      },
      restrictDefaultSecurityGroup: false,
    })
    return vpc as IVpc
  }

  private createCluster(vpc: IVpc): Cluster {
    const cluster = new Cluster(this, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.DISABLED })
    accept(cluster, {
      'AwsSolutions-ECS4':
        'Container Insights bills by task and metric; what the fleet is steered and watched by comes from functions/backlog.',
    })
    return cluster
  }

  private createImage(): DockerImageAsset {
    return new DockerImageAsset(this, 'Image', {
      directory: ROOT,
      file: 'gpu-runner/Dockerfile',
      target: 'gpu',
      platform: Platform.LINUX_AMD64,
    })
  }

  private createLogs(stage: StageSettings): LogGroup {
    return new LogGroup(this, 'Logs', {
      retention: stage.logDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
  }

  private createBacklog(on: { stage: StageSettings; data: Data; cluster: Cluster }): BundledFunction {
    const backlog = new BundledFunction(this, 'Backlog', {
      description: 'Rollover: measures the waiting work and the fleet, each minute.',
      entry: 'functions/backlog/lambda.ts',
      memoryMiB: 256,
      timeoutSeconds: 50,
      service: 'backlog',
      stage: on.stage,
      environment: {
        TABLE_NAME: on.data.names.TABLE_NAME,
        GENERATIONS_QUEUE_URL: on.data.names.GENERATIONS_QUEUE_URL,
        LOW_PRIORITY_QUEUE_URL: on.data.names.LOW_PRIORITY_QUEUE_URL,
        SECONDS_PER_NFE: String(on.stage.fleet.secondsPerNfe),
        MAX_TASKS: String(on.stage.fleet.maxTasks),
        CONCURRENCY: String(on.stage.fleet.concurrency),
        CLUSTER_NAME: on.cluster.clusterName,
        SERVICE_NAME: this.service.serviceName,
      },
    })
    grantAccess(backlog.function, on.data, BACKLOG_ACCESS)
    backlog.function.addToRolePolicy(
      new PolicyStatement({ actions: ['ecs:DescribeServices'], resources: [this.service.serviceArn] }),
    )
    everyMinute(this, 'BacklogEveryMinute', backlog)
    return backlog
  }

  private scale(stage: StageSettings, cluster: Cluster): void {
    const target = new ScalableTarget(this, 'Tasks', {
      serviceNamespace: ServiceNamespace.ECS,
      resourceId: `service/${cluster.clusterName}/${this.service.serviceName}`,
      scalableDimension: 'ecs:service:DesiredCount',
      minCapacity: 0,
      maxCapacity: stage.fleet.maxTasks,
      // Made by AWS with the first target; CDK would make one that may do nothing.
      role: Role.fromRoleArn(
        this,
        'ScalingRole',
        this.formatArn({
          service: 'iam',
          region: '',
          resource: 'role/aws-service-role/ecs.application-autoscaling.amazonaws.com',
          resourceName: 'AWSServiceRoleForApplicationAutoScaling_ECSService',
        }),
      ),
    })
    const { running: _, ...metrics } = this.metrics
    new ScaleTasks(this, 'Scaling', {
      target,
      policy: SCALING_POLICY,
      metrics,
      concurrency: stage.fleet.concurrency,
    })
  }
}

/** A queue that was not used for six hours has no metrics, and counts as empty. */
const overPriorities = ({ queues }: Data, name: string, metricOf: (queue: IQueue) => IMetric): IMetric =>
  new MathExpression({
    expression: `FILL(${name}Standard, 0) + FILL(${name}Low, 0)`,
    usingMetrics: { [`${name}Standard`]: metricOf(queues.generations), [`${name}Low`]: metricOf(queues.lowPriority) },
    period: Duration.minutes(1),
  })

const ONE_MINUTE = { period: Duration.minutes(1), statistic: 'Maximum' }

/** The GPU machines of the fleet: one auto scaling group, spot and on demand, from zero, that the ECS cluster fills. */
import { Duration } from 'aws-cdk-lib'
import {
  AutoScalingGroup,
  GroupMetrics,
  OnDemandAllocationStrategy,
  SpotAllocationStrategy,
} from 'aws-cdk-lib/aws-autoscaling'
import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  InstanceType,
  type IVpc,
  LaunchTemplate,
  LaunchTemplateHttpTokens,
  MachineImage,
  OperatingSystemType,
  SecurityGroup,
  SubnetType,
  UserData,
} from 'aws-cdk-lib/aws-ec2'
import { AsgCapacityProvider, type Cluster } from 'aws-cdk-lib/aws-ecs'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import { accept } from '../constructs/accept.ts'
import type { StageSettings } from '../stages.ts'

/** Where the host keeps packs: on its fast local disk where it has one. */
export const PACKS_ON_HOST = '/var/lib/rollover/packs'

/**
 * One version of the ECS GPU image: drivers and agent change when this line does, never by themselves.
 * `aws ssm get-parameters-by-path --path /aws/service/ecs/optimized-ami/amazon-linux-2023/gpu` lists newer ones.
 */
const GPU_IMAGE =
  '/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/al2023-ami-ecs-gpu-hvm-2023.0.20260901-kernel-6.1-x86_64-ebs/image_id'

const DISK_GIB = 100
/** Boot, agent, image pull and model load before a machine counts as warm. */
const WARM_UP_SECONDS = 300

export interface MachinesProps {
  readonly vpc: IVpc
  readonly cluster: Cluster
  readonly fleet: StageSettings['fleet']
}

export class Machines extends Construct {
  readonly provider: AsgCapacityProvider
  readonly group: AutoScalingGroup

  constructor(scope: Construct, id: string, { vpc, cluster, fleet }: MachinesProps) {
    super(scope, id)
    const [first = ''] = fleet.instanceTypes
    const launchTemplate = new LaunchTemplate(this, 'Template', {
      instanceType: new InstanceType(first),
      machineImage: MachineImage.fromSsmParameter(GPU_IMAGE, { os: OperatingSystemType.LINUX }),
      role: createRole(this, cluster),
      securityGroup: new SecurityGroup(this, 'Network', {
        vpc,
        description: 'Rollover GPU machines: nothing comes in.',
        allowAllOutbound: true,
      }),
      associatePublicIpAddress: true,
      userData: preparePackFolder(),
      // One hop: containers cannot reach the machine's own credentials.
      httpTokens: LaunchTemplateHttpTokens.REQUIRED,
      httpPutResponseHopLimit: 1,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: BlockDeviceVolume.ebs(DISK_GIB, { encrypted: true, volumeType: EbsDeviceVolumeType.GP3 }),
        },
      ],
    })
    this.group = new AutoScalingGroup(this, 'Group', {
      vpc,
      vpcSubnets: { subnetType: SubnetType.PUBLIC },
      minCapacity: 0,
      maxCapacity: fleet.maxTasks,
      mixedInstancesPolicy: {
        launchTemplate,
        launchTemplateOverrides: fleet.instanceTypes.map((type) => ({ instanceType: new InstanceType(type) })),
        instancesDistribution: {
          onDemandBaseCapacity: 0,
          onDemandPercentageAboveBaseCapacity: 100 - fleet.spotPercent,
          onDemandAllocationStrategy: OnDemandAllocationStrategy.LOWEST_PRICE,
          spotAllocationStrategy: SpotAllocationStrategy.PRICE_CAPACITY_OPTIMIZED,
        },
      },
      capacityRebalance: true,
      newInstancesProtectedFromScaleIn: true,
      defaultInstanceWarmup: Duration.seconds(WARM_UP_SECONDS),
      groupMetrics: [GroupMetrics.all()],
    })
    accept(this.group, {
      'AwsSolutions-AS3': 'Machines come and go with every burst; the alarms of the service tell what needs a human.',
      'AwsSolutions-EC26':
        'The rule cannot read a launch template; its disk is encrypted, and a test says so (test/unit/cdk/runner.test.ts).',
    })
    this.provider = new AsgCapacityProvider(this, 'Provider', {
      autoScalingGroup: this.group,
      enableManagedScaling: true,
      enableManagedTerminationProtection: true,
      enableManagedDraining: true,
      targetCapacityPercent: 100,
      instanceWarmupPeriod: WARM_UP_SECONDS,
    })
    cluster.addAsgCapacityProvider(this.provider)
  }
}

/**
 * CDK grants what registering and polling take. Draining before a spot machine goes also takes this call, which CDK leaves
 * out, as it leaves out the agent's setting unless the group has a spot price.
 */
const createRole = (scope: Construct, cluster: Cluster): Role => {
  const role = new Role(scope, 'Role', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') })
  role.addToPolicy(
    new PolicyStatement({
      actions: ['ecs:UpdateContainerInstancesState'],
      resources: ['*'],
      conditions: { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
    }),
  )
  accept(role, {
    'AwsSolutions-IAM5[Resource::*]':
      'The calls of the ECS agent take no resource or are bound to this cluster by a condition (ecs:cluster).',
    'AwsSolutions-IAM5[Action::ecs:Submit*]':
      'CDK grants the three Submit calls of the ECS agent on this cluster alone.',
  })
  return role
}

/** Mounts the local disk, where the machine has one, and makes the folder that tasks write packs to (uid 1000). */
const preparePackFolder = (): UserData => {
  const userData = UserData.forLinux()
  userData.addCommands(
    'set -eu',
    `mkdir -p ${PACKS_ON_HOST}`,
    `disk=$(lsblk -dnpo NAME,MODEL | awk '/Instance Storage/ {print $1; exit}')`,
    `if [ -n "$disk" ]; then mkfs.xfs -f "$disk" && mount "$disk" ${PACKS_ON_HOST}; fi`,
    `chown 1000:1000 ${PACKS_ON_HOST}`,
    'echo ECS_ENABLE_GPU_SUPPORT=true >> /etc/ecs/ecs.config',
    // Two minutes before a spot machine goes, its tasks are told to hand their work back.
    'echo ECS_ENABLE_SPOT_INSTANCE_DRAINING=true >> /etc/ecs/ecs.config',
  )
  return userData
}

/** The stacks of one stage, from what must not be lost to what tells a human. */
import { type App, Tags } from 'aws-cdk-lib'
import { DataStack } from './stacks/data.ts'
import { EdgeStack } from './stacks/edge.ts'
import { FirewallStack } from './stacks/firewall.ts'
import { FunctionsStack } from './stacks/functions.ts'
import { OperationsStack } from './stacks/operations.ts'
import { RunnerStack } from './stacks/runner.ts'
import type { StageSettings } from './stages.ts'

export interface Cloud {
  readonly data: DataStack
  readonly edge: EdgeStack
  readonly functions: FunctionsStack
  readonly runner: RunnerStack
  readonly operations: OperationsStack
  readonly firewall: FirewallStack | undefined
}

export const createCloud = (app: App, stage: StageSettings): Cloud => {
  Tags.of(app).add('rollover:stage', stage.name)
  const props = (name: string, region = stage.region) => ({
    stackName: `rollover-${stage.name}-${name}`,
    env: { region },
    terminationProtection: stage.keepData,
    crossRegionReferences: stage.region !== FIREWALL_REGION && stage.firewall,
  })
  const firewall = stage.firewall ? new FirewallStack(app, 'Firewall', props('firewall', FIREWALL_REGION)) : undefined
  const data = new DataStack(app, 'Data', { ...props('data'), stage })
  const edge = new EdgeStack(app, 'Edge', { ...props('edge'), stage, data, webAclArn: firewall?.webAclArn })
  const { publicUrl } = edge
  const functions = new FunctionsStack(app, 'Functions', { ...props('functions'), stage, data, publicUrl })
  const runner = new RunnerStack(app, 'Runner', { ...props('runner'), stage, data, publicUrl })
  const operations = new OperationsStack(app, 'Operations', {
    ...props('operations'),
    stage,
    data,
    edge,
    functions,
    runner,
  })
  return { data, edge, functions, runner, operations, firewall }
}

const FIREWALL_REGION = 'us-east-1'

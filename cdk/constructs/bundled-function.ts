/** A Lambda function made of one entry file: bundled by esbuild on this machine, with its own role and its own log group. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { metricsNamespace } from '../fleet/metrics.ts'
import type { StageSettings } from '../stages.ts'
import { accept } from './accept.ts'
import { ROOT } from './root.ts'

export interface BundledFunctionProps {
  /** Path of the entry file in the repository. */
  readonly entry: string
  readonly handler?: string
  readonly environment: Readonly<Record<string, string>>
  readonly memoryMiB: number
  readonly timeoutSeconds: number
  readonly stage: Pick<StageSettings, 'name' | 'logDays' | 'fleet'>
  /** Its name in log lines and metrics. */
  readonly service: string
  /** Puts what the edge must know of the packs beside the code: manifests and tokenizers, never graphs. */
  readonly withPackCards?: boolean
  /** Puts the playground beside the code, in the folder `page`. */
  readonly withPage?: boolean
  readonly description: string
}

/** Where the cards lie inside a function, for PACKS_FOLDER. */
export const PACK_CARDS_FOLDER = '/var/task/packs'

/** Some dependencies are CommonJS and call `require`, which an ES module has not. A name that no minifier gives. */
const REQUIRE =
  "import{createRequire as createRequireOfBundle}from'node:module';const require=createRequireOfBundle(import.meta.url);"

export class BundledFunction extends Construct {
  readonly function: NodejsFunction
  readonly logGroup: LogGroup

  constructor(scope: Construct, id: string, props: BundledFunctionProps) {
    super(scope, id)
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: props.stage.logDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    role.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [this.logGroup.logGroupArn],
      }),
    )
    this.function = new NodejsFunction(this, 'Function', {
      description: props.description,
      entry: join(ROOT, props.entry),
      handler: props.handler ?? 'handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMiB,
      timeout: Duration.seconds(props.timeoutSeconds),
      environment: {
        ...props.environment,
        POWERTOOLS_SERVICE_NAME: props.service,
        POWERTOOLS_METRICS_NAMESPACE: metricsNamespace(props.stage.name),
      },
      awsSdkConnectionReuse: false,
      role,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
      projectRoot: ROOT,
      depsLockFilePath: join(ROOT, 'package-lock.json'),
      bundling: {
        format: OutputFormat.ESM,
        target: 'node24',
        mainFields: ['module', 'main'],
        minify: true,
        // The SDK in the lockfile is the one that was tested.
        bundleAwsSDK: true,
        externalModules: [],
        banner: REQUIRE,
        commandHooks: {
          beforeBundling: () => [],
          beforeInstall: () => [],
          afterBundling: (root, output) => [
            ...(props.withPackCards ? copyPackCards(props.stage, { root, output }) : []),
            ...(props.withPage ? [`"${process.execPath}" ${root}/functions/playground/main.ts ${output}/page`] : []),
          ],
        },
      },
    })
    accept(role, {
      'AwsSolutions-IAM5[Resource::*]':
        'xray:PutTraceSegments and xray:PutTelemetryRecords take no resource; CDK grants them for active tracing.',
    })
  }
}

const PACKS = 'gpu-runner/packs'

/** Of what the fleet serves: a pack that is offered and served by nobody would hold money for nothing. */
const copyPackCards = (
  { fleet }: Pick<StageSettings, 'fleet'>,
  { root, output }: { root: string; output: string },
): string[] => {
  const served = [fleet.pack, ...fleet.alsoPacks]
  const packs = served.filter((name) => existsSync(join(ROOT, PACKS, name, 'pack.json')))
  return packs.map(
    (name) =>
      `mkdir -p ${output}/packs/${name} && cp ${root}/${PACKS}/${name}/pack.json ${root}/${PACKS}/${name}/tokenizer.json ${output}/packs/${name}/`,
  )
}

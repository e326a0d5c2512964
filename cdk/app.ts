/** What the CDK runs: one stage, named by the context `stage`, checked by cdk-nag. Needs no account and no network. */
import { App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { createCloud } from './cloud.ts'
import { readStage } from './stages.ts'

const app = new App()
const name: unknown = app.node.tryGetContext('stage') ?? 'dev'
createCloud(app, readStage(String(name), app.node.tryGetContext(`rollover:${name}`) ?? {}))
Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
app.synth()

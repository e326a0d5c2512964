/** What a stage costs in a month in which nobody asks for anything: what stands there, counted in its own templates. */
import { App, type Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { createCloud } from '../cloud.ts'
import type { StageSettings } from '../stages.ts'
import { type Prices, priceOf } from './prices.ts'

export interface CostLine {
  readonly price: string
  readonly quantity: number
  readonly why: string
}

interface Resource {
  readonly Type: string
  readonly Properties?: Readonly<Record<string, unknown>>
}

const MINUTES = 43_800
/** Of the functions that run each minute, on an empty table: [name, GB, seconds]. Not measured in the cloud. */
const EACH_MINUTE: readonly (readonly [string, number, number])[] = [
  ['reconcile', 0.5, 0.3],
  ['backlog', 0.25, 0.3],
]
/** Queries of one run of reconcile (five kinds of work that may be due) and of backlog. */
const READS_A_MINUTE = 6
/** Lambda asks a queue by five long polls of 20 seconds. */
const POLLS_A_MINUTE = 15
const LOG_BYTES_A_RUN = 1500
/** The image with CUDA, cuDNN and the packages, packed; ECR keeps the last one and the one before. */
const IMAGE_GB = 4
const METRICS_OF_BACKLOG = 3

export const idleLines = (stage: StageSettings): CostLine[] => {
  const resources = resourcesOf(stage)
  const count = (type: string) => resources.filter(({ Type }) => Type === type).length
  const rules = resources
    .filter(({ Type }) => Type === 'AWS::WAFv2::WebACL')
    .flatMap(({ Properties }) => Properties?.['Rules'] ?? [])
  const runs = EACH_MINUTE.length * MINUTES
  return [
    { price: 'alarmMetric', quantity: alarmMetrics(resources), why: 'metrics that alarms look at' },
    { price: 'customMetric', quantity: METRICS_OF_BACKLOG, why: 'metrics of functions/backlog' },
    { price: 'dashboard', quantity: count('AWS::CloudWatch::Dashboard'), why: 'dashboard' },
    { price: 'secret', quantity: count('AWS::SecretsManager::Secret'), why: 'secrets' },
    { price: 'key', quantity: count('AWS::KMS::Key'), why: 'customer managed key' },
    { price: 'webAcl', quantity: count('AWS::WAFv2::WebACL'), why: 'firewall' },
    { price: 'webAclRule', quantity: rules.flat().length, why: 'rules of the firewall' },
    { price: 'ecrGb', quantity: IMAGE_GB, why: "the runner's image" },
    { price: 'lambdaRequest', quantity: runs, why: 'runs of reconcile and backlog' },
    {
      price: 'lambdaGbSecond',
      quantity: EACH_MINUTE.reduce((sum, [, gb, seconds]) => sum + gb * seconds * MINUTES, 0),
      why: 'their time',
    },
    { price: 'dynamodbRead', quantity: READS_A_MINUTE * MINUTES, why: 'their queries' },
    { price: 'dynamodbWrite', quantity: MINUTES, why: 'the reading of the fleet' },
    { price: 'sqsRequest', quantity: POLLS_A_MINUTE * MINUTES, why: 'Lambda asks for deliveries' },
    { price: 'logsGb', quantity: (runs * LOG_BYTES_A_RUN) / 1e9, why: 'their logs' },
    { price: 'trace', quantity: runs, why: 'their traces' },
  ].filter(({ quantity }) => quantity > 0)
}

/** Dollars of a line; `free` takes off what AWS never bills, as if the account had nothing else. */
export const lineUsd = (prices: Prices, { price, quantity }: CostLine, free: boolean): number => {
  const { usd, freeAMonth = 0 } = priceOf(prices, price)
  return usd * Math.max(0, quantity - (free ? freeAMonth : 0))
}

const resourcesOf = (stage: StageSettings): Resource[] => {
  const app = new App({
    context: { 'aws:cdk:bundling-stacks': [], '@aws-cdk/core:defaultCrossStackReferences': 'strong' },
  })
  const stacks: (Stack | undefined)[] = Object.values(createCloud(app, stage))
  return stacks
    .filter((stack) => stack !== undefined)
    .flatMap((stack) => Object.values(Template.fromStack(stack).toJSON()['Resources'] as Record<string, Resource>))
}

/** An alarm on an expression is billed by the metrics it is made of. */
const alarmMetrics = (resources: readonly Resource[]): number =>
  resources
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .map(({ Properties }) => (Properties?.['Metrics'] ?? []) as { MetricStat?: object }[])
    .reduce((sum, metrics) => sum + Math.max(1, metrics.filter(({ MetricStat }) => MetricStat !== undefined).length), 0)

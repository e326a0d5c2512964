/** A stage as CloudFormation would get it. No account, no network, no Docker; bundles only where a test looks into them. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { type Cloud, createCloud } from '../../../cdk/cloud.ts'
import { readStage } from '../../../cdk/stages.ts'

export interface Resource {
  readonly Type: string
  readonly Properties: Readonly<Record<string, unknown>>
  readonly DeletionPolicy?: string
}

export interface Synthesised {
  readonly app: App
  readonly cloud: Cloud
  readonly outdir: string
  template(stack: Exclude<keyof Cloud, 'firewall'> | 'firewall'): Template
  /** Every resource of every stack: `<stack>/<logical id>` -> resource. */
  resources(): Readonly<Record<string, Resource>>
}

/** Settings that turn on what is off by default. */
export const METERED = { metering: { meterId: 'mtr_test', eventName: 'rollover_nfe' } }
export const CONTENT_POLICY = { contentPolicy: { prompt: { deny: { weapons: ['rifle'] } }, image: {} } }
export const OWN_PACK = { fleet: { ...readStage('prod').fleet, packSource: 's3://example-packs/emoji-world' } }

export const synthesise = (
  name: string,
  { bundle = false, overrides = {} }: { bundle?: boolean; overrides?: object } = {},
): Synthesised => {
  const outdir = mkdtempSync(join(tmpdir(), 'rollover-cdk-'))
  const app = new App({
    outdir,
    context: {
      '@aws-cdk/core:defaultCrossStackReferences': 'strong',
      ...(!bundle && { 'aws:cdk:bundling-stacks': [] }),
    },
  })
  const cloud = createCloud(app, readStage(name, overrides))
  const template: Synthesised['template'] = (stack) => {
    const found = cloud[stack]
    if (found === undefined) throw new Error(`stage ${name} has no ${stack}`)
    return Template.fromStack(found)
  }
  const stacks = (Object.keys(cloud) as (keyof Cloud)[]).filter((stack) => cloud[stack] !== undefined)
  const resources = () =>
    Object.fromEntries(
      stacks.flatMap((stack) =>
        Object.entries(template(stack).toJSON()['Resources'] as Record<string, Resource>).map(([id, resource]) => [
          `${stack}/${id}`,
          resource,
        ]),
      ),
    )
  return { app, cloud, outdir, template, resources }
}

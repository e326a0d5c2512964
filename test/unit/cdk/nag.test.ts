/** cdk-nag's AwsSolutions pack: nothing found that is not explained, and nothing explained that is not found. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { CONTENT_POLICY, METERED, OWN_PACK, synthesise } from './synth.ts'

const VARIANTS = {
  dev: synthesise('dev'),
  prod: synthesise('prod'),
  'prod with everything': synthesise('prod', {
    overrides: {
      ...METERED,
      ...CONTENT_POLICY,
      ...OWN_PACK,
      alarmEmail: 'ops@example.com',
      domain: { name: 'api.example.com', hostedZoneId: 'Z123', zoneName: 'example.com' },
    },
  }),
  'prod in Europe': synthesise('prod', { overrides: { region: 'eu-central-1' } }),
}

interface Acknowledgement {
  readonly path: string
  readonly rule: string
  readonly reason: string
}

/** Those of this app; the CDK's own carry other prefixes. */
const acknowledgements = (app: App): Acknowledgement[] =>
  app.node.findAll().flatMap(({ node }) =>
    node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, unknown>))
      .map(([rule, reason]) => ({
        path: node.path,
        rule: rule.replace(/^annotation::/i, ''),
        reason: typeof reason === 'string' ? reason : JSON.stringify(reason),
      }))
      .filter(({ rule }) => rule.startsWith('AwsSolutions-')),
  )

/** Every finding, as if nothing were acknowledged. */
const rawFindings = (app: App): { rule: string; paths: string[] }[] => {
  const checks = new AwsSolutionsChecks(app)
  Object.assign(checks, { isAcknowledged: () => false })
  return checks.validateScope(app).violations.map(({ ruleName, violatingResources = [] }) => ({
    rule: ruleName,
    paths: (violatingResources as { constructPath: string }[]).map(({ constructPath }) => constructPath),
  }))
}

for (const [name, { app }] of Object.entries(VARIANTS))
  describe(`the cloud as ${name}`, () => {
    // As deployed: only then do roles name what lies in other stacks by its export.
    app.synth()
    const raw = rawFindings(app)

    test('has no finding without a reason', () => {
      const { violations } = new AwsSolutionsChecks(app).validateScope(app)
      assert.deepEqual(
        violations.map(({ ruleName, violatingResources }) => [ruleName, violatingResources]),
        [],
      )
      // The pack did look: without the reasons it finds what they are about.
      assert.ok(raw.length > 3)
    })

    test('has no reason without a finding, and no reason that is none', () => {
      const explained = acknowledgements(app)
      const found = ({ path, rule }: Acknowledgement) =>
        raw.some((each) => each.rule === rule && each.paths.some((at) => at.startsWith(path)))
      const stale = explained.filter((each) => !found(each)).map(({ path, rule }) => `${path}: ${rule}`)
      assert.deepEqual([...new Set(stale)], [])
      for (const { path, rule, reason } of explained) assert.ok(reason.length > 40, `${path}: ${rule}: ${reason}`)
    })
  })

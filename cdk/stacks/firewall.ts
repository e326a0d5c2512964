/** AWS WAF for the distribution. CloudFront takes web ACLs of us-east-1 only, wherever the rest is. */
import { Stack, type StackProps } from 'aws-cdk-lib'
import { CfnWebACL } from 'aws-cdk-lib/aws-wafv2'
import type { Construct } from 'constructs'
import { freeze } from '../constructs/freeze.ts'

/** Requests of one address in five minutes: far above any client that polls, far below a flood. */
const RATE_LIMIT = 2000

export class FirewallStack extends Stack {
  readonly webAclArn: string

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props)
    const visibilityConfig = (metricName: string): CfnWebACL.VisibilityConfigProperty => ({
      cloudWatchMetricsEnabled: true,
      sampledRequestsEnabled: true,
      metricName,
    })
    const managed = (on: { name: string; priority: number; counted?: readonly string[] }): CfnWebACL.RuleProperty => ({
      name: on.name,
      priority: on.priority,
      overrideAction: { none: {} },
      statement: {
        managedRuleGroupStatement: {
          vendorName: 'AWS',
          name: on.name,
          ruleActionOverrides: (on.counted ?? []).map((name) => ({ name, actionToUse: { count: {} } })),
        },
      },
      visibilityConfig: visibilityConfig(on.name),
    })
    const acl = new CfnWebACL(this, 'WebAcl', {
      scope: 'CLOUDFRONT',
      defaultAction: { allow: {} },
      visibilityConfig: visibilityConfig('rollover'),
      rules: [
        {
          name: 'RatePerAddress',
          priority: 0,
          action: { block: {} },
          statement: { rateBasedStatement: { limit: RATE_LIMIT, aggregateKeyType: 'IP' } },
          visibilityConfig: visibilityConfig('RatePerAddress'),
        },
        managed({
          name: 'AWSManagedRulesCommonRuleSet',
          priority: 1,
          // Bodies up to 64 kB are the API's to judge, and a prompt may say anything.
          counted: ['SizeRestrictions_BODY', 'CrossSiteScripting_BODY', 'GenericLFI_BODY', 'GenericRFI_BODY'],
        }),
        managed({ name: 'AWSManagedRulesKnownBadInputsRuleSet', priority: 2 }),
      ],
    })
    this.webAclArn = freeze(acl, 'WebAcl').attrArn
  }
}

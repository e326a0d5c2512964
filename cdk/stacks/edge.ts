/** The API: a function behind CloudFront, and a second one that streams events. */
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib'
import { Certificate, CertificateValidation, type ICertificate } from 'aws-cdk-lib/aws-certificatemanager'
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  HttpVersion,
  OriginRequestPolicy,
  PriceClass,
  ResponseHeadersPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront'
import { FunctionUrlOrigin } from 'aws-cdk-lib/aws-cloudfront-origins'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { FunctionUrlAuthType, InvokeMode } from 'aws-cdk-lib/aws-lambda'
import { ARecord, HostedZone, type IHostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53'
import { CloudFrontTarget } from 'aws-cdk-lib/aws-route53-targets'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import { accept } from '../constructs/accept.ts'
import { type Access, contentPolicyEnvironment, grantAccess, OBJECT_PREFIXES } from '../constructs/access.ts'
import { BundledFunction, PACK_CARDS_FOLDER } from '../constructs/bundled-function.ts'
import { freeze } from '../constructs/freeze.ts'
import type { StageSettings } from '../stages.ts'
import type { Data } from './data.ts'

export interface EdgeStackProps extends StackProps {
  readonly stage: StageSettings
  readonly data: Data
  /** The web ACL, where the stage has a firewall. */
  readonly webAclArn: string | undefined
}

export const API_ACCESS: Access = {
  table: ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'BatchGetItem', 'Query'],
  sends: ['generations', 'lowPriority', 'deliveries'],
  // An extension begins with a copy of what the search that it extends ended in.
  reads: ['outputs/', 'traces/', 'checkpoints/'],
  writes: ['checkpoints/'],
  deletes: OBJECT_PREFIXES,
}
export const EVENTS_ACCESS: Access = { table: ['GetItem', 'UpdateItem', 'Query'] }

/** Above the longest `Prefer: wait` (MAX_WAIT_SECONDS) and a cold start; CloudFront gives up after 30 s. */
const API_TIMEOUT_SECONDS = 25
/** Longer than one slice of events, and no more: a function that streams does not see its client leave. */
const EVENTS_TIMEOUT_SECONDS = 75

export class EdgeStack extends Stack {
  /** Where clients reach the API. */
  readonly publicUrl: string
  readonly api: BundledFunction
  readonly events: BundledFunction
  readonly distribution: Distribution

  constructor(scope: Construct, id: string, props: EdgeStackProps) {
    const { stage, data, webAclArn, ...stackProps } = props
    super(scope, id, stackProps)
    // The function's environment cannot name the distribution that names the function: it names a parameter, read at start.
    const parameterName = `/rollover/${stage.name}/public-url`
    const publicUrlSetting = stage.domain === undefined ? `parameter:${parameterName}` : `https://${stage.domain.name}`
    const environment = this.edgeEnvironment(data, publicUrlSetting)
    this.api = new BundledFunction(this, 'Api', {
      description: 'Rollover: the API.',
      entry: 'functions/api/lambda.ts',
      memoryMiB: 1024,
      timeoutSeconds: API_TIMEOUT_SECONDS,
      service: 'api',
      stage,
      withPackCards: true,
      withPage: true,
      environment,
    })
    this.events = new BundledFunction(this, 'Events', {
      description: 'Rollover: streams the events of a generation.',
      entry: 'functions/events/lambda.ts',
      memoryMiB: 256,
      timeoutSeconds: EVENTS_TIMEOUT_SECONDS,
      service: 'events',
      stage,
      withPackCards: true,
      environment,
    })
    const parameterArn = this.formatArn({
      service: 'ssm',
      resource: 'parameter',
      resourceName: parameterName.slice(1),
    })
    const policyArns = data.contentPolicy === undefined ? [] : [data.contentPolicy.arn]
    for (const [{ function: reader }, access] of [
      [this.api, API_ACCESS],
      [this.events, EVENTS_ACCESS],
    ] as const) {
      grantAccess(reader, data, access)
      for (const statement of [
        { actions: ['secretsmanager:GetSecretValue'], resources: [data.edgeSecret.secretArn] },
        { actions: ['ssm:GetParameter'], resources: [parameterArn, ...policyArns] },
      ])
        reader.addToRolePolicy(new PolicyStatement(statement))
    }
    this.distribution = this.createDistribution(stage, data, webAclArn)
    this.publicUrl = `https://${stage.domain?.name ?? this.distribution.distributionDomainName}`
    new StringParameter(this, 'PublicUrl', { parameterName, stringValue: this.publicUrl })
    new CfnOutput(this, 'Url', { value: this.publicUrl, description: 'Where clients reach the API.' })
    new CfnOutput(this, 'FirstKey', {
      value: `npm run admin-key -- ${data.edgeSecret.secretArn}`,
      description:
        'Makes the administration key, shown once; POST /v1/admin/accounts then makes accounts and their keys.',
    })
  }

  private edgeEnvironment(data: Data, publicUrl: string): Record<string, string> {
    const secret = `secret:${data.edgeSecret.secretArn}`
    return {
      ...data.names,
      PUBLIC_URL: publicUrl,
      PACKS_FOLDER: PACK_CARDS_FOLDER,
      KEY_PEPPER: `${secret}#KEY_PEPPER`,
      ADMIN_KEY_HASH: `${secret}#ADMIN_KEY_HASH`,
      ...contentPolicyEnvironment(data),
    }
  }

  private createDistribution(stage: StageSettings, data: Data, webAclArn: string | undefined): Distribution {
    // The keys of the API are the lock; CloudFront's own signatures would ask every client of a POST for a body hash.
    const api = this.api.function.addFunctionUrl({ authType: FunctionUrlAuthType.NONE })
    const events = this.events.function.addFunctionUrl({
      authType: FunctionUrlAuthType.NONE,
      invokeMode: InvokeMode.RESPONSE_STREAM,
    })
    const behavior = {
      allowedMethods: AllowedMethods.ALLOW_ALL,
      cachePolicy: CachePolicy.CACHING_DISABLED,
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      responseHeadersPolicy: ResponseHeadersPolicy.SECURITY_HEADERS,
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      compress: false,
    }
    const names = stage.domain === undefined ? undefined : this.ownName(stage.domain)
    const distribution = new Distribution(this, 'Distribution', {
      comment: `Rollover ${stage.name}`,
      defaultBehavior: { ...behavior, origin: new FunctionUrlOrigin(api, { readTimeout: Duration.seconds(30) }) },
      additionalBehaviors: {
        '/v1/generations/*/events': {
          ...behavior,
          origin: new FunctionUrlOrigin(events, { readTimeout: Duration.seconds(30) }),
        },
      },
      httpVersion: HttpVersion.HTTP2_AND_3,
      priceClass: PriceClass.PRICE_CLASS_100,
      enableLogging: true,
      logBucket: data.logsBucket as IBucket,
      logFilePrefix: 'edge/',
      ...(webAclArn !== undefined && { webAclId: webAclArn }),
      ...(names !== undefined && {
        certificate: names.certificate,
        domainNames: [names.name],
        minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
      }),
    })
    if (names !== undefined)
      new ARecord(this, 'Name', {
        zone: names.zone,
        recordName: names.name,
        target: RecordTarget.fromAlias(new CloudFrontTarget(distribution)),
      })
    accept(distribution, {
      'AwsSolutions-CFR1': 'The API serves every country; who may use it is decided by its keys.',
      ...(webAclArn === undefined && {
        'AwsSolutions-CFR2': 'WAF costs more than the rest of an idle stage; prod has it (setting `firewall`).',
      }),
      ...(names === undefined && {
        'AwsSolutions-CFR4':
          'Without a domain of its own a distribution has the default certificate, which fixes the protocol; set `domain`.',
      }),
    })
    return freeze(distribution, 'Distribution')
  }

  private ownName(domain: NonNullable<StageSettings['domain']>): {
    name: string
    zone: IHostedZone
    certificate: ICertificate
  } {
    if (this.region !== 'us-east-1')
      throw new Error(`CloudFront takes certificates of us-east-1 only: a stage with a domain must be there.`)
    const { name, hostedZoneId, zoneName } = domain
    const zone = HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName })
    const validation = CertificateValidation.fromDns(zone)
    return { name, zone, certificate: new Certificate(this, 'Certificate', { domainName: name, validation }) }
  }
}

/** Findings of cdk-nag that are as they should be, each with its reason. */
import { Validations } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'

/** @param reasons rule (`AwsSolutions-IAM5[Resource::*]`) -> why it does not apply here. */
export const accept = (scope: IConstruct, reasons: Readonly<Record<string, string>>): void => {
  Validations.of(scope).acknowledge(...Object.entries(reasons).map(([id, reason]) => ({ id, reason })))
}

/** Logical ids that never change: a resource with data must not be replaced because its place in the tree moved. */
import { CfnElement } from 'aws-cdk-lib'
import type { IConstruct } from 'constructs'

export const freeze = <Resource extends IConstruct>(resource: Resource, logicalId: string): Resource => {
  const element = CfnElement.isCfnElement(resource) ? resource : resource.node.defaultChild
  if (!CfnElement.isCfnElement(element)) throw new TypeError(`${resource.node.path} is no single resource`)
  element.overrideLogicalId(logicalId)
  return resource
}

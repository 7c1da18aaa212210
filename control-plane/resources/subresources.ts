import type { SubresourceDefinition } from '../apiserver/resource-definition.ts';

const readWrite = ['get', 'patch', 'update'] as const;

export const statusSubresource: SubresourceDefinition = { name: 'status', style: 'status', verbs: readWrite };

/** `autoscaling/v1` Scale over spec.replicas. */
export function scaleSubresource(selectorFrom?: SubresourceDefinition['selectorFrom']): SubresourceDefinition {
  return {
    name: 'scale',
    style: 'scale',
    verbs: readWrite,
    body: { group: 'autoscaling', version: 'v1', kind: 'Scale', model: 'V1Scale' },
    ...(selectorFrom && { selectorFrom }),
  };
}

/** A write of the same object, with the strategy told which subresource it is. */
export function objectSubresource(name: string, verbs: readonly string[] = readWrite): SubresourceDefinition {
  return { name, style: 'object', verbs };
}

/** A stream or a request that goes to the node or the workload; `kind` is what discovery calls its options. */
export function connectSubresource(name: string, verbs: readonly string[], kind?: string): SubresourceDefinition {
  return { name, style: 'connect', verbs, ...(kind && { body: { group: '', version: 'v1', kind } }) };
}

/** A POST with a body of its own. */
export function actionSubresource(
  name: string,
  body: NonNullable<SubresourceDefinition['body']>,
): SubresourceDefinition {
  return { name, style: 'action', verbs: ['create'], body };
}

export const proxyVerbs = ['create', 'delete', 'get', 'patch', 'update'] as const;

import type { KubeObject } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

/** Whether a request is about this kind: callers in process need not say the kind in the object. */
export const isObjectOf = <T extends KubeObject>(
  { type }: ResourceDefinition,
  wanted: ResourceType<T>,
  _object: KubeObject,
): _object is T => type.group === wanted.group && type.resource === wanted.resource;

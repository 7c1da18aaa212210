import type { KubeObject } from '#api/meta.ts';
import { apiVersionOf, type ResourceType } from '#api/resource-type.ts';
import { internalError } from '#api/status-error.ts';

/** Whether an object that came through the registry (and so fits its schema) is of this kind. */
export const isOfType = <T extends KubeObject>(type: ResourceType<T>, object: KubeObject): object is T =>
  object.kind === type.kind && object.apiVersion === apiVersionOf(type);

/** The object as its kind; an error of ours when it is another. */
export function asType<T extends KubeObject>(type: ResourceType<T>, object: KubeObject): T {
  if (!isOfType(type, object))
    throw internalError(`expected a ${type.kind}, found a ${object.kind ?? 'nameless kind'}`);
  return object;
}

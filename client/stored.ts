import type { KubeObject, Stored } from '#api/meta.ts';
import { apiVersionOf, type ResourceType } from '#api/resource-type.ts';
import { isJsonObject } from '#api/schema/record.ts';

/** Is `value` an object of this kind with the identity that a server gives? Its other fields are the server's word. */
export function isStored<T extends KubeObject>(type: ResourceType<T>, value: unknown): value is Stored<T> {
  if (!isJsonObject(value) || value.apiVersion !== apiVersionOf(type) || value.kind !== type.kind) return false;
  const metadata = value.metadata;
  return isJsonObject(metadata) && typeof metadata.name === 'string' && typeof metadata.resourceVersion === 'string';
}

/** Freezes a JSON value and everything in it, and returns it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}

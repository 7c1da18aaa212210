import type { V1OwnerReference } from '#api/generated/types.ts';
import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import { apiVersionOf, type ResourceType } from '#api/resource-type.ts';

/** The one owner that manages the object, if any. */
export const controllerOf = (object: KubeObject): V1OwnerReference | undefined =>
  object.metadata?.ownerReferences?.find((owner) => owner.controller === true);

export const isControlledBy = (object: KubeObject, owner: KubeObject): boolean =>
  owner.metadata?.uid !== undefined && controllerOf(object)?.uid === owner.metadata.uid;

/** The reference a controller puts on what it creates. */
export const controllerRef = <T extends KubeObject>(type: ResourceType<T>, owner: Stored<T>): V1OwnerReference => ({
  apiVersion: apiVersionOf(type),
  kind: type.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
});

/** The controller of `object` when it is of `type`, as a key in the object's own namespace. */
export function controllerKey(object: KubeObject, type: ResourceType): ObjectKey | undefined {
  const owner = controllerOf(object);
  if (!owner || owner.kind !== type.kind || groupOf(owner.apiVersion) !== type.group) return undefined;
  return type.namespaced ? { namespace: object.metadata?.namespace, name: owner.name } : { name: owner.name };
}

/** Versions of one group name the same objects. */
export const groupOf = (apiVersion: string): string => {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
};

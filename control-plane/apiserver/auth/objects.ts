import type { V1CertificateSigningRequest, V1Pod } from '#api/generated/types.ts';
import { certificateSigningRequests, pods } from '#api/kinds.ts';
import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';

/** What is asked of the cluster to decide on a request; all from memory. */
export interface AuthorizerObjects {
  pod(namespace: string, name: string): V1Pod | undefined;
  podsOn(nodeName: string): readonly V1Pod[];
  signingRequest(name: string): V1CertificateSigningRequest | undefined;
}

/** A look into the watch cache of one kind, without waiting. */
export interface CacheView<T extends KubeObject> {
  get(key: ObjectKey): Stored<T> | undefined;
  /** Through an index where the field has one. */
  byField(field: string, value: string): readonly Stored<T>[];
}

/** Of a server that keeps no objects: nothing is known, so whatever depends on them is refused. */
export const noObjects: AuthorizerObjects = {
  pod: () => undefined,
  podsOn: () => [],
  signingRequest: () => undefined,
};

export function cachedObjects(
  peek: <T extends KubeObject>(type: ResourceType<T>) => CacheView<T> | undefined,
): AuthorizerObjects {
  return {
    pod: (namespace, name) => peek(pods)?.get({ namespace, name }),
    podsOn: (nodeName) => peek(pods)?.byField('spec.nodeName', nodeName) ?? [],
    signingRequest: (name) => peek(certificateSigningRequests)?.get({ name }),
  };
}

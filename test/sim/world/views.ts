import type { V1Deployment, V1EndpointSlice, V1Node, V1Pod, V1ReplicaSet } from '#api/generated/types.ts';
import type { KubeObject } from '#api/meta.ts';

/** What the checks and scenarios read of the objects in the store; the kind says what the rest of it is. */
export const isPod = (object: KubeObject | undefined): object is V1Pod => object?.kind === 'Pod';
export const isNode = (object: KubeObject | undefined): object is V1Node => object?.kind === 'Node';
export const isDeployment = (object: KubeObject | undefined): object is V1Deployment => object?.kind === 'Deployment';
export const isReplicaSet = (object: KubeObject | undefined): object is V1ReplicaSet => object?.kind === 'ReplicaSet';
export const isEndpointSlice = (object: KubeObject | undefined): object is V1EndpointSlice =>
  object?.kind === 'EndpointSlice';

export const isTrue = (object: V1Pod | V1Node, type: string): boolean =>
  object.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

export const isGoing = (object: KubeObject): boolean => object.metadata?.deletionTimestamp !== undefined;

export const hasEnded = (pod: V1Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

export const isAvailable = (pod: V1Pod): boolean => !isGoing(pod) && !hasEnded(pod) && isTrue(pod, 'Ready');

/** The deployment a pod belongs to; scenarios label their pods with it. */
export const appOf = (pod: V1Pod): string => pod.metadata?.labels?.app ?? '';

export const nameOf = (object: KubeObject): string => object.metadata?.name ?? '';

import type { V1RuntimeClass } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const runtimeClasses = resourceType<V1RuntimeClass>('node.k8s.io', 'v1', 'runtimeclasses', 'RuntimeClass', {
  namespaced: false,
});

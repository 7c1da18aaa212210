import type { V1PriorityClass } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const priorityClasses = resourceType<V1PriorityClass>(
  'scheduling.k8s.io',
  'v1',
  'priorityclasses',
  'PriorityClass',
  { shortNames: ['pc'], namespaced: false },
);

import type { V1FlowSchema, V1PriorityLevelConfiguration } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const flowSchemas = resourceType<V1FlowSchema>(
  'flowcontrol.apiserver.k8s.io',
  'v1',
  'flowschemas',
  'FlowSchema',
  { namespaced: false },
);
export const priorityLevelConfigurations = resourceType<V1PriorityLevelConfiguration>(
  'flowcontrol.apiserver.k8s.io',
  'v1',
  'prioritylevelconfigurations',
  'PriorityLevelConfiguration',
  { namespaced: false },
);

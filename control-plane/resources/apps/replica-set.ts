import { defaultReplicaSet } from '#api/defaults/workloads.ts';
import type { V1ReplicaSet } from '#api/generated/types.ts';
import { replicaSets } from '#api/kinds.ts';
import {
  validateReplicaSet,
  validateReplicaSetStatus,
  validateReplicaSetUpdate,
} from '#api/validation/apps/replica-set.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { scaleSubresource, statusSubresource } from '../subresources.ts';
import { selectorColumn, templateColumns } from '../workload-columns.ts';

export const replicaSetResource = defineResource<V1ReplicaSet>({
  type: replicaSets,
  strategy: specAndStatus<V1ReplicaSet>(
    {
      default: defaultReplicaSet,
      validate: validateReplicaSet,
      validateUpdate: validateReplicaSetUpdate,
      validateStatus: validateReplicaSetStatus,
      selectableFields: { 'status.replicas': (set) => String(set.status?.replicas ?? 0) },
    },
    { emptyStatus: () => ({ replicas: 0 }) },
  ),
  subresources: [scaleSubresource(), statusSubresource],
  columns: [
    nameColumn(),
    column('Desired', (set) => set.spec?.replicas ?? 0, { type: 'integer' }),
    column('Current', (set) => set.status?.replicas ?? 0, { type: 'integer' }),
    column('Ready', (set) => set.status?.readyReplicas ?? 0, { type: 'integer' }),
    ageColumn(),
    ...templateColumns<V1ReplicaSet>((set) => set.spec?.template),
    selectorColumn((set) => set.spec?.selector),
  ],
});

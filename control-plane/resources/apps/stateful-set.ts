import { defaultStatefulSet } from '#api/defaults/workloads.ts';
import type { V1StatefulSet } from '#api/generated/types.ts';
import { statefulSets } from '#api/kinds.ts';
import {
  validateStatefulSet,
  validateStatefulSetStatus,
  validateStatefulSetUpdate,
} from '#api/validation/apps/stateful-set.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { scaleSubresource, statusSubresource } from '../subresources.ts';
import { templateColumns } from '../workload-columns.ts';

export const statefulSetResource = defineResource<V1StatefulSet>({
  type: statefulSets,
  strategy: specAndStatus<V1StatefulSet>(
    {
      default: defaultStatefulSet,
      validate: validateStatefulSet,
      validateUpdate: validateStatefulSetUpdate,
      validateStatus: validateStatefulSetStatus,
    },
    { emptyStatus: () => ({ replicas: 0, availableReplicas: 0 }) },
  ),
  subresources: [scaleSubresource(), statusSubresource],
  columns: [
    nameColumn(),
    column('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
    ageColumn(),
    ...templateColumns<V1StatefulSet>((set) => set.spec?.template),
  ],
});

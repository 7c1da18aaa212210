import { defaultDaemonSet } from '#api/defaults/workloads.ts';
import type { V1DaemonSet } from '#api/generated/types.ts';
import { daemonSets } from '#api/kinds.ts';
import {
  validateDaemonSet,
  validateDaemonSetStatus,
  validateDaemonSetUpdate,
} from '#api/validation/apps/daemon-set.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';
import { labelsText, selectorColumn, templateColumns } from '../workload-columns.ts';

const integer = { type: 'integer' } as const;

export const daemonSetResource = defineResource<V1DaemonSet>({
  type: daemonSets,
  strategy: specAndStatus<V1DaemonSet>(
    {
      default: defaultDaemonSet,
      validate: validateDaemonSet,
      validateUpdate: validateDaemonSetUpdate,
      validateStatus: validateDaemonSetStatus,
    },
    {
      emptyStatus: () => ({
        currentNumberScheduled: 0,
        numberMisscheduled: 0,
        desiredNumberScheduled: 0,
        numberReady: 0,
      }),
    },
  ),
  subresources: [statusSubresource],
  columns: [
    nameColumn(),
    column('Desired', (set) => set.status?.desiredNumberScheduled ?? 0, integer),
    column('Current', (set) => set.status?.currentNumberScheduled ?? 0, integer),
    column('Ready', (set) => set.status?.numberReady ?? 0, integer),
    column('Up-to-date', (set) => set.status?.updatedNumberScheduled ?? 0, integer),
    column('Available', (set) => set.status?.numberAvailable ?? 0, integer),
    column('Node Selector', (set) => labelsText(set.spec?.template?.spec?.nodeSelector)),
    ageColumn(),
    ...templateColumns<V1DaemonSet>((set) => set.spec?.template),
    selectorColumn((set) => set.spec?.selector),
  ],
});

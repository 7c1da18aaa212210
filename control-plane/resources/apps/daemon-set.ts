import { defaultDaemonSet } from '#api/defaults/workloads.ts';
import type { V1DaemonSet } from '#api/generated/types.ts';
import { daemonSets } from '#api/kinds.ts';
import {
  validateDaemonSet,
  validateDaemonSetStatus,
  validateDaemonSetUpdate,
} from '#api/validation/apps/daemon-set.ts';
import { semanticallyEqual } from '#api/validation/equal.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';
import { labelsText, selectorColumn, templateColumns } from '../workload-columns.ts';

/** Deprecated, and still shown: how often the template has changed. Pods carry it as a label. */
const templateGeneration = 'deprecated.daemonset.template.generation';

function setTemplateGeneration(set: V1DaemonSet, generation: string): void {
  const annotations = { ...set.metadata?.annotations, [templateGeneration]: generation };
  set.metadata = { ...set.metadata, annotations };
}

function nextTemplateGeneration(set: V1DaemonSet, old: V1DaemonSet): string {
  const current = Number(old.metadata?.annotations?.[templateGeneration] ?? 0);
  return String(semanticallyEqual(set.spec?.template, old.spec?.template) ? current : current + 1);
}

const integer = { type: 'integer' } as const;

export const daemonSetResource = defineResource<V1DaemonSet>({
  type: daemonSets,
  strategy: specAndStatus<V1DaemonSet>(
    {
      default: defaultDaemonSet,
      prepareForCreate: (set) => setTemplateGeneration(set, '1'),
      prepareForUpdate(set, old, { subresource }) {
        if (subresource === undefined) setTemplateGeneration(set, nextTemplateGeneration(set, old));
      },
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

import { defaultReplicationController } from '#api/defaults/workloads.ts';
import type { V1ReplicationController } from '#api/generated/types.ts';
import { replicationControllers } from '#api/kinds.ts';
import { validateReplicaSetStatus, validateReplicationController } from '#api/validation/apps/replica-set.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { scaleSubresource, statusSubresource } from '../subresources.ts';
import { labelsText, templateColumns } from '../workload-columns.ts';

export const replicationControllerResource = defineResource<V1ReplicationController>({
  type: replicationControllers,
  storagePath: 'controllers',
  strategy: specAndStatus<V1ReplicationController>(
    {
      default: defaultReplicationController,
      validate: validateReplicationController,
      validateStatus: (controller) => validateReplicaSetStatus({ status: controller.status }),
      selectableFields: { 'status.replicas': (controller) => String(controller.status?.replicas ?? 0) },
      // The kind is older than cascading deletion.
      defaultPropagation: 'Orphan',
    },
    { emptyStatus: () => ({ replicas: 0 }) },
  ),
  subresources: [scaleSubresource(mapSelector), statusSubresource],
  columns: [
    nameColumn(),
    column('Desired', (controller) => controller.spec?.replicas ?? 0, { type: 'integer' }),
    column('Current', (controller) => controller.status?.replicas ?? 0, { type: 'integer' }),
    column('Ready', (controller) => controller.status?.readyReplicas ?? 0, { type: 'integer' }),
    ageColumn(),
    ...templateColumns<V1ReplicationController>((controller) => controller.spec?.template),
    column('Selector', (controller) => labelsText(controller.spec?.selector), { wide: true }),
  ],
});

/** Its selector is a plain map. */
function mapSelector(controller: V1ReplicationController): string {
  const { selector } = controller.spec ?? {};
  return selector ? labelsText(selector) : '';
}

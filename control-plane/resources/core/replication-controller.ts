import type { V1ReplicationController } from '#api/generated/types.ts';
import { replicationControllers } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { scaleSubresource, statusSubresource } from '../subresources.ts';

export const replicationControllerResource = defineResource({
  type: replicationControllers,
  storagePath: 'controllers',
  subresources: [scaleSubresource(mapSelector), statusSubresource],
});

function mapSelector(controller: V1ReplicationController): string {
  return Object.entries(controller.spec?.selector ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

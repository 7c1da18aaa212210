import type { V1APIService } from '#api/generated/types.ts';
import { apiServices } from '#api/kinds.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';

function availability({ status }: V1APIService): string {
  const condition = status?.conditions?.find((one) => one.type === 'Available');
  if (!condition) return 'Unknown';
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`;
}

export const apiServiceResource = defineResource<V1APIService>({
  type: apiServices,
  storagePath: 'apiregistration.k8s.io/apiservices',
  strategy: specAndStatus<V1APIService>({}, { generation: false }),
  subresources: [statusSubresource],
  columns: [
    nameColumn(),
    column('Service', ({ spec }) =>
      spec?.service ? `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}` : 'Local',
    ),
    column('Available', availability),
    ageColumn(),
  ],
});

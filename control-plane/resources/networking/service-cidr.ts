import type { V1ServiceCIDR } from '#api/generated/types.ts';
import { serviceCIDRs } from '#api/kinds.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';

export const serviceCIDRResource = defineResource<V1ServiceCIDR>({
  type: serviceCIDRs,
  strategy: specAndStatus<V1ServiceCIDR>({}, { generation: false }),
  subresources: [statusSubresource],
  columns: [nameColumn(), column('CIDRs', (range) => (range.spec?.cidrs ?? []).join(',')), ageColumn()],
});

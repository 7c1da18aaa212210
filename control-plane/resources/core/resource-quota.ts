import type { V1ResourceQuota } from '#api/generated/types.ts';
import { resourceQuotas } from '#api/kinds.ts';
import { validateQuota, validateQuotaStatus, validateQuotaUpdate } from '#api/validation/limits.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';

/** `cpu: 1/4, pods: 3/10`: used of allowed. */
const usage = ({ status }: V1ResourceQuota, isLimit: boolean): string =>
  Object.entries(status?.hard ?? {})
    .filter(([name]) => name.startsWith('limits.') === isLimit)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${status?.used?.[name] ?? '0'}/${hard}`)
    .join(', ');

export const resourceQuotaResource = defineResource<V1ResourceQuota>({
  type: resourceQuotas,
  strategy: specAndStatus<V1ResourceQuota>(
    { validate: validateQuota, validateUpdate: validateQuotaUpdate, validateStatus: validateQuotaStatus },
    { generation: false },
  ),
  subresources: [statusSubresource],
  columns: [
    nameColumn(),
    column('Request', (quota) => usage(quota, false)),
    column('Limit', (quota) => usage(quota, true)),
    ageColumn(),
  ],
});

import type { ResourceV1ResourceClaim } from '#api/generated/types.ts';
import { resourceClaims } from '#api/kinds.ts';
import { immutableField } from '#api/validation/fields.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';

function stateOf({ metadata, status }: ResourceV1ResourceClaim): string {
  const states = [
    ...(metadata?.deletionTimestamp ? ['deleted'] : []),
    ...(status?.allocation ? ['allocated'] : metadata?.deletionTimestamp ? [] : ['pending']),
    ...(status?.reservedFor?.length ? ['reserved'] : []),
  ];
  return states.join(',');
}

export const resourceClaimResource = defineResource<ResourceV1ResourceClaim>({
  type: resourceClaims,
  strategy: specAndStatus<ResourceV1ResourceClaim>(
    { validateUpdate: (claim, old) => immutableField(claim.spec, old.spec, 'spec') },
    { generation: false },
  ),
  subresources: [statusSubresource],
  columns: [nameColumn(), column('State', stateOf), ageColumn()],
});

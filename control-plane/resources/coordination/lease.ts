import type { V1Lease } from '#api/generated/types.ts';
import { leases } from '#api/kinds.ts';
import { validateLease } from '#api/validation/event.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';

export const leaseResource = defineResource<V1Lease>({
  type: leases,
  // A holder may PUT a lease that is not there.
  strategy: { validate: validateLease, allowCreateOnUpdate: true, allowUnconditionalUpdate: false },
  columns: [nameColumn(), column('Holder', (lease) => lease.spec?.holderIdentity ?? ''), ageColumn()],
});

import { leases } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const leaseResource = defineResource({
  type: leases,
});

import { networkPolicies } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const networkPolicyResource = defineResource({
  type: networkPolicies,
});

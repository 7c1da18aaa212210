import { validatingAdmissionPolicies } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const validatingAdmissionPolicyResource = defineResource({
  type: validatingAdmissionPolicies,
  subresources: [statusSubresource],
});

import { mutatingAdmissionPolicies } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const mutatingAdmissionPolicyResource = defineResource({
  type: mutatingAdmissionPolicies,
});

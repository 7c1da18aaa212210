import { mutatingAdmissionPolicyBindings } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const mutatingAdmissionPolicyBindingResource = defineResource({
  type: mutatingAdmissionPolicyBindings,
});

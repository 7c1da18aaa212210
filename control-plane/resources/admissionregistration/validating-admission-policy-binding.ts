import { validatingAdmissionPolicyBindings } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const validatingAdmissionPolicyBindingResource = defineResource({
  type: validatingAdmissionPolicyBindings,
});

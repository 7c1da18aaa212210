import type { V1ValidatingAdmissionPolicyBinding } from '#api/generated/types.ts';
import { validatingAdmissionPolicyBindings } from '#api/kinds.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { generationOf } from '../strategies.ts';

function paramOf({ spec }: V1ValidatingAdmissionPolicyBinding): string {
  const reference = spec?.paramRef;
  if (!reference) return '<unset>';
  const name = reference.name ?? '*';
  return reference.namespace ? `${reference.namespace}/${name}` : name;
}

export const validatingAdmissionPolicyBindingResource = defineResource<V1ValidatingAdmissionPolicyBinding>({
  type: validatingAdmissionPolicyBindings,
  strategy: generationOf<V1ValidatingAdmissionPolicyBinding>((binding) => binding.spec, {}),
  columns: [
    nameColumn(),
    column('PolicyName', (binding) => binding.spec?.policyName ?? ''),
    column('ParamRef', paramOf),
    ageColumn(),
  ],
});

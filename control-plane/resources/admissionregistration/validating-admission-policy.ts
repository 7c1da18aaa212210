import type { V1ValidatingAdmissionPolicy } from '#api/generated/types.ts';
import { validatingAdmissionPolicies } from '#api/kinds.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';

export const validatingAdmissionPolicyResource = defineResource<V1ValidatingAdmissionPolicy>({
  type: validatingAdmissionPolicies,
  strategy: specAndStatus<V1ValidatingAdmissionPolicy>({}),
  subresources: [statusSubresource],
  columns: [
    nameColumn(),
    column('Validations', (policy) => (policy.spec?.validations ?? []).length, { type: 'integer' }),
    column('ParamKind', ({ spec }) =>
      spec?.paramKind ? `${spec.paramKind.apiVersion ?? ''}/${spec.paramKind.kind ?? ''}` : '<unset>',
    ),
    ageColumn(),
  ],
});

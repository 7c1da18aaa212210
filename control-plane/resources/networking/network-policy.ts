import { defaultNetworkPolicy } from '#api/defaults/more.ts';
import type { V1NetworkPolicy } from '#api/generated/types.ts';
import { networkPolicies } from '#api/kinds.ts';
import { validateNetworkPolicy } from '#api/validation/policy.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { generationOf } from '../strategies.ts';
import { selectorText } from '../workload-columns.ts';

export const networkPolicyResource = defineResource<V1NetworkPolicy>({
  type: networkPolicies,
  strategy: generationOf<V1NetworkPolicy>((policy) => policy.spec, {
    default: defaultNetworkPolicy,
    validate: validateNetworkPolicy,
  }),
  columns: [nameColumn(), column('Pod-Selector', (policy) => selectorText(policy.spec?.podSelector)), ageColumn()],
});

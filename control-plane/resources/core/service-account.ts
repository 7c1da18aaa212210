import type { V1ServiceAccount } from '#api/generated/types.ts';
import { serviceAccounts } from '#api/kinds.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { actionSubresource } from '../subresources.ts';

const tokenRequest = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  model: 'AuthenticationV1TokenRequest',
};

export const serviceAccountResource = defineResource<V1ServiceAccount>({
  type: serviceAccounts,
  subresources: [actionSubresource('token', tokenRequest)],
  columns: [
    nameColumn(),
    column('Secrets', (account) => (account.secrets ?? []).length, { type: 'integer' }),
    ageColumn(),
  ],
});

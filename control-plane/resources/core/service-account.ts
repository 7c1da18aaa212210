import { serviceAccounts } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { actionSubresource } from '../subresources.ts';

export const serviceAccountResource = defineResource({
  type: serviceAccounts,
  subresources: [
    actionSubresource('token', {
      group: 'authentication.k8s.io',
      version: 'v1',
      kind: 'TokenRequest',
      model: 'AuthenticationV1TokenRequest',
    }),
  ],
});

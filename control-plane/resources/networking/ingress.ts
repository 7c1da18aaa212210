import { ingresses } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';

export const ingressResource = defineResource({
  type: ingresses,
  storagePath: 'ingress',
  subresources: [statusSubresource],
});

import { services } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { connectSubresource, proxyVerbs, statusSubresource } from '../subresources.ts';

export const serviceResource = defineResource({
  type: services,
  storagePath: 'services/specs',
  subresources: [connectSubresource('proxy', proxyVerbs, 'ServiceProxyOptions'), statusSubresource],
});

import { nodes } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import { connectSubresource, proxyVerbs, statusSubresource } from '../subresources.ts';

export const nodeResource = defineResource({
  type: nodes,
  storagePath: 'minions',
  subresources: [connectSubresource('proxy', proxyVerbs, 'NodeProxyOptions'), statusSubresource],
});

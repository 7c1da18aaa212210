import { pods } from '#api/kinds.ts';
import { defineResource } from '../define.ts';
import {
  actionSubresource,
  connectSubresource,
  objectSubresource,
  proxyVerbs,
  statusSubresource,
} from '../subresources.ts';
import { podColumns } from './pod-columns.ts';
import { podStrategy } from './pod-strategy.ts';

export const podResource = defineResource({
  type: pods,
  strategy: podStrategy,
  columns: podColumns,
  subresources: [
    connectSubresource('attach', ['create', 'get'], 'PodAttachOptions'),
    actionSubresource('binding', { group: '', version: 'v1', kind: 'Binding', model: 'V1Binding' }),
    objectSubresource('ephemeralcontainers'),
    actionSubresource('eviction', {
      group: 'policy',
      version: 'v1',
      kind: 'Eviction',
      model: 'V1Eviction',
      otherVersions: ['v1beta1'],
    }),
    connectSubresource('exec', ['create', 'get'], 'PodExecOptions'),
    connectSubresource('log', ['get']),
    connectSubresource('portforward', ['create', 'get'], 'PodPortForwardOptions'),
    connectSubresource('proxy', proxyVerbs, 'PodProxyOptions'),
    objectSubresource('resize'),
    statusSubresource,
  ],
});

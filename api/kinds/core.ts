import type {
  CoreV1Event,
  V1Binding,
  V1ComponentStatus,
  V1ConfigMap,
  V1Endpoints,
  V1LimitRange,
  V1Namespace,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodTemplate,
  V1ReplicationController,
  V1ResourceQuota,
  V1Secret,
  V1Service,
  V1ServiceAccount,
} from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const bindings = resourceType<V1Binding>('', 'v1', 'bindings', 'Binding');
export const componentStatuses = resourceType<V1ComponentStatus>('', 'v1', 'componentstatuses', 'ComponentStatus', {
  shortNames: ['cs'],
  namespaced: false,
});
export const configMaps = resourceType<V1ConfigMap>('', 'v1', 'configmaps', 'ConfigMap', { shortNames: ['cm'] });
export const endpoints = resourceType<V1Endpoints>('', 'v1', 'endpoints', 'Endpoints', { shortNames: ['ep'] });
export const events = resourceType<CoreV1Event>('', 'v1', 'events', 'Event', {
  shortNames: ['ev'],
  model: 'CoreV1Event',
});
export const limitRanges = resourceType<V1LimitRange>('', 'v1', 'limitranges', 'LimitRange', {
  shortNames: ['limits'],
});
export const namespaces = resourceType<V1Namespace>('', 'v1', 'namespaces', 'Namespace', {
  shortNames: ['ns'],
  namespaced: false,
});
export const nodes = resourceType<V1Node>('', 'v1', 'nodes', 'Node', { shortNames: ['no'], namespaced: false });
export const persistentVolumeClaims = resourceType<V1PersistentVolumeClaim>(
  '',
  'v1',
  'persistentvolumeclaims',
  'PersistentVolumeClaim',
  { shortNames: ['pvc'] },
);
export const persistentVolumes = resourceType<V1PersistentVolume>('', 'v1', 'persistentvolumes', 'PersistentVolume', {
  shortNames: ['pv'],
  namespaced: false,
});
export const pods = resourceType<V1Pod>('', 'v1', 'pods', 'Pod', { shortNames: ['po'], categories: ['all'] });
export const podTemplates = resourceType<V1PodTemplate>('', 'v1', 'podtemplates', 'PodTemplate');
export const replicationControllers = resourceType<V1ReplicationController>(
  '',
  'v1',
  'replicationcontrollers',
  'ReplicationController',
  { shortNames: ['rc'], categories: ['all'] },
);
export const resourceQuotas = resourceType<V1ResourceQuota>('', 'v1', 'resourcequotas', 'ResourceQuota', {
  shortNames: ['quota'],
});
export const secrets = resourceType<V1Secret>('', 'v1', 'secrets', 'Secret');
export const serviceAccounts = resourceType<V1ServiceAccount>('', 'v1', 'serviceaccounts', 'ServiceAccount', {
  shortNames: ['sa'],
});
export const services = resourceType<V1Service>('', 'v1', 'services', 'Service', {
  shortNames: ['svc'],
  categories: ['all'],
});

import type {
  V1ControllerRevision,
  V1DaemonSet,
  V1Deployment,
  V1ReplicaSet,
  V1StatefulSet,
} from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const controllerRevisions = resourceType<V1ControllerRevision>(
  'apps',
  'v1',
  'controllerrevisions',
  'ControllerRevision',
);
export const daemonSets = resourceType<V1DaemonSet>('apps', 'v1', 'daemonsets', 'DaemonSet', {
  shortNames: ['ds'],
  categories: ['all'],
});
export const deployments = resourceType<V1Deployment>('apps', 'v1', 'deployments', 'Deployment', {
  shortNames: ['deploy'],
  categories: ['all'],
});
export const replicaSets = resourceType<V1ReplicaSet>('apps', 'v1', 'replicasets', 'ReplicaSet', {
  shortNames: ['rs'],
  categories: ['all'],
});
export const statefulSets = resourceType<V1StatefulSet>('apps', 'v1', 'statefulsets', 'StatefulSet', {
  shortNames: ['sts'],
  categories: ['all'],
});
